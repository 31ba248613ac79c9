package site

import (
	"strings"

	"github.com/gin-gonic/gin"

	"yilian.example/exchange/consortium"
)

// audience is a kind of reader with the entries of its navigation, first screen first. A role stands with one audience;
// an audience without a role has nobody who could sign in as one yet.
type audience struct {
	name    string
	role    consortium.Role
	entries []entry
}

// entry is a place in the navigation. It shows once a page has its address, so a new page adds at most its line here.
type entry struct {
	path string
	text [2]string
}

// navigation is who finds what where. Sign-out and language are no entries: they stand in the header.
var navigation = []audience{
	{"patient", consortium.RolePatient, []entry{
		{"/me/today", [2]string{"今天", "Today"}},
		{"/me/records", [2]string{"我的病历", "My records"}},
		{"/me/bookings", [2]string{"预约", "Appointments"}},
		{"/me/messages", [2]string{"消息", "Messages"}},
		{"/me/access", [2]string{"谁看过", "Who looked"}},
		{"/me/consents", [2]string{"我的授权", "My consents"}},
	}},
	{"clinician", consortium.RoleClinician, []entry{
		{"/today", [2]string{"今日患者", "Today"}},
		{"/patients", [2]string{"查找患者", "Find a patient"}},
		{"/tasks", [2]string{"待办", "To do"}},
		{"/referrals", [2]string{"转诊", "Referrals"}},
		{"/messages", [2]string{"消息", "Messages"}},
	}},
	{"nurse", "", []entry{
		{"/ward", [2]string{"今日清单", "Today's list"}},
		{"/ward/patients", [2]string{"患者", "Patients"}},
		{"/ward/follow-up", [2]string{"随访", "Follow-up"}},
		{"/ward/handover", [2]string{"交班", "Handover"}},
		{"/ward/figures", [2]string{"统计", "Figures"}},
	}},
	{"referral office", "", []entry{
		{"/office", [2]string{"待接收", "To receive"}},
		{"/office/sent", [2]string{"已转出", "Sent"}},
		{"/office/slots", [2]string{"号源", "Slots"}},
		{"/office/returned", [2]string{"退回", "Returned"}},
		{"/office/figures", [2]string{"统计", "Figures"}},
	}},
	{"pharmacist", "", []entry{
		{"/pharmacy", [2]string{"审方", "Review"}},
		{"/pharmacy/dispense", [2]string{"扫码发药", "Dispense"}},
		{"/pharmacy/returned", [2]string{"退回", "Returned"}},
		{"/pharmacy/catalogue", [2]string{"目录", "Catalogue"}},
		{"/pharmacy/log", [2]string{"发药记录", "Log"}},
	}},
	{"laboratory", "", []entry{
		{"/laboratory", [2]string{"待签发", "To sign"}},
		{"/laboratory/signed", [2]string{"已签发", "Signed"}},
		{"/laboratory/critical", [2]string{"危急值", "Critical values"}},
		{"/laboratory/corrections", [2]string{"更正", "Corrections"}},
		{"/laboratory/check", [2]string{"核验", "Check"}},
	}},
	{"insurer", consortium.RoleAssessor, []entry{
		{"/claims", [2]string{"待审", "Claims"}},
		{"/patients", [2]string{"查找患者", "Find a patient"}},
		{"/claims/received", [2]string{"收到的材料", "Received"}},
		{"/claims/decided", [2]string{"已决", "Decided"}},
		{"/claims/figures", [2]string{"统计", "Figures"}},
	}},
	{"enterprise", "", []entry{
		{"/company", [2]string{"概览", "Overview"}},
		{"/company/packages", [2]string{"套餐", "Packages"}},
		{"/company/bookings", [2]string{"预约", "Appointments"}},
		{"/company/bills", [2]string{"账单", "Bills"}},
		{"/company/settings", [2]string{"设置", "Settings"}},
	}},
	{"operator", "", []entry{
		{"/operator", [2]string{"告警", "Alarms"}},
		{"/operator/rules", [2]string{"规则", "Rules"}},
		{"/operator/journeys", [2]string{"旅程", "Journeys"}},
		{"/operator/templates", [2]string{"模板", "Templates"}},
		{"/operator/results", [2]string{"成效", "Results"}},
	}},
	{"auditor", consortium.RoleAuditor, []entry{
		{"/audit", [2]string{"成员日志", "Members' logs"}},
		{"/audit/database", [2]string{"数据库", "Database"}},
		{"/audit/access", [2]string{"访问", "Access"}},
		{"/audit/consents", [2]string{"授权", "Consents"}},
		{"/audit/requests", [2]string{"请求", "Requests"}},
		{"/audit/evidence", [2]string{"核验证据", "Check evidence"}},
	}},
}

// entries returns what a role's navigation shows: the entries whose pages exist.
func (s *Site) entries(role consortium.Role) []entry {
	var out []entry
	for _, a := range navigation {
		if a.role == "" || a.role != role {
			continue
		}
		for _, e := range a.entries {
			if s.served[e.path] {
				out = append(out, e)
			}
		}
	}
	return out
}

// nav is the navigation of a page for its reader. The entry that the page stands under is the one with the longest
// address that the page's begins with.
func (s *Site) nav(c *gin.Context, lang Lang, role consortium.Role) []Link {
	here, path := -1, c.Request.URL.Path
	var links []Link
	for i, e := range s.entries(role) {
		links = append(links, Link{Href: e.path, Text: phrase(e.text, lang)})
		under := path == e.path || strings.HasPrefix(path, e.path+"/")
		if under && (here < 0 || len(e.path) > len(links[here].Href)) {
			here = i
		}
	}
	if here >= 0 {
		links[here].Current = true
	}
	return links
}

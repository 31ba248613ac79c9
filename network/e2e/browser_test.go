package e2e

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"yilian.example/exchange/consortium"
	"yilian.example/scripts/demo/people"
)

// TestPatientAndClinicianInBrowser drives the pages as people do: the patient reads her records, the doctor of another
// hospital is refused, the patient signs a consent with WebCrypto, the doctor reads, the patient sees it and withdraws
// with one click, the doctor is refused again.
func TestPatientAndClinicianInBrowser(t *testing.T) {
	atQingshan(t, within(t, time.Minute))
	patient := browse(t, under.Members[donghu].URL)
	patient.signIn("wang-xiulan", "王秀兰")
	patient.open("/me/records")
	patient.has("我的病历")
	patient.has("2型糖尿病")

	doctor := browse(t, under.Members[qingshan].URL)
	doctor.signIn("he-min", "何敏")
	doctor.find(people.WangXiulanID)
	doctor.has("哪里有记录")
	doctor.has("东湖示范医院")
	doctor.ask(donghu, consortium.Medications, consortium.Reports)
	doctor.has("申请没有获准")
	doctor.hasNot("盐酸二甲双胍片")

	patient.choose(qingshan, consortium.Medications, consortium.Reports)
	patient.sign()

	doctor.find(people.WangXiulanID)
	doctor.ask(donghu, consortium.Medications, consortium.Reports)
	doctor.has("对方提供的记录")
	doctor.has("盐酸二甲双胍片")

	patient.open("/me/access")
	patient.has("何敏")
	patient.has("已拒绝")
	patient.has("已允许")
	patient.withdraw()

	doctor.find(people.WangXiulanID)
	doctor.ask(donghu, consortium.Medications, consortium.Reports)
	doctor.has("申请没有获准")
	doctor.hasNot("盐酸二甲双胍片")
}

// TestPagesWithoutScript goes the same way with JavaScript switched off in both browsers, but for the one page that
// signs.
func TestPagesWithoutScript(t *testing.T) {
	atQingshan(t, within(t, time.Minute))
	patient := browse(t, under.Members[donghu].URL)
	patient.withoutScript(true)
	patient.signIn("wang-xiulan", "王秀兰")
	patient.open("/me/records")
	patient.has("2型糖尿病")
	patient.choose(qingshan, consortium.Medications)
	patient.has("签名需要在您的设备上计算")

	// The next page, and only it, needs a script.
	patient.withoutScript(false)
	patient.choose(qingshan, consortium.Medications)
	patient.sign()
	patient.withoutScript(true)

	doctor := browse(t, under.Members[qingshan].URL)
	doctor.withoutScript(true)
	doctor.signIn("he-min", "何敏")
	doctor.find(people.WangXiulanID)
	doctor.ask(donghu, consortium.Medications)
	doctor.has("盐酸二甲双胍片")

	patient.withdraw()
	doctor.find(people.WangXiulanID)
	doctor.ask(donghu, consortium.Medications)
	doctor.has("申请没有获准")
}

// TestAuditorInBrowser shows the commission's auditor every member's log, agreeing with the ledger.
func TestAuditorInBrowser(t *testing.T) {
	fill(t)
	auditor := browse(t, under.Members[weijian].URL)
	auditor.signIn("gu-qing", "顾清")
	auditor.open("/audit")
	for _, name := range []string{"东湖示范医院", "青杉社区医院", "安禾健康保险", "示范区卫生健康委员会", "4 个成员的日志都与账本一致"} {
		auditor.has(name)
	}
}

// signIn goes through the development provider.
func (b *tab) signIn(person, name string) {
	b.t.Helper()
	b.open("/")
	b.click(`a[href="/login"]`)
	b.has("仅供开发")
	b.click(`button[name="person"][value="` + person + `"]`)
	b.has(name)
	if !strings.HasPrefix(b.address(), b.base) {
		b.t.Fatalf("signing in ended at %s", b.address())
	}
}

// find looks a patient up by identity number, which must not show in the address.
func (b *tab) find(identifier string) {
	b.t.Helper()
	b.open("/patients")
	b.do("enter the number", chromedp.SetValue(chromedp.CSS("#value"), identifier))
	b.click(`form[action="/patients"] button[type="submit"]`)
	if strings.Contains(b.address(), identifier) {
		b.t.Errorf("the identity number stands in the address")
	}
}

// ask asks a custodian for kinds, from the patient's page.
func (b *tab) ask(custodian consortium.OrgID, kinds ...consortium.Kind) {
	b.t.Helper()
	b.tick(`form[action$="/ask"] input[name="custodian"][value="` + string(custodian) + `"]`)
	for _, k := range kinds {
		b.tick(`form[action$="/ask"] input[name="kind"][value="` + string(k) + `"]`)
	}
	b.click(`form[action$="/ask"] button[type="submit"]`)
}

// choose fills in the form of a new consent and goes on to its statement.
func (b *tab) choose(recipient consortium.OrgID, kinds ...consortium.Kind) {
	b.t.Helper()
	b.open("/me/consents/new")
	b.tick(`input[name="who"][value*="` + string(recipient) + `"]`)
	for _, k := range kinds {
		b.tick(`input[name="kind"][value="` + string(k) + `"]`)
	}
	b.tick(`input[name="days"][value="7"]`)
	b.click(`form[action="/me/consents/new"] button[type="submit"]`)
	b.has("请阅读并签名")
	b.has("青杉社区医院")
}

// sign signs the statement that is shown and waits until the consent counts.
func (b *tab) sign() {
	b.t.Helper()
	b.do(
		"sign", chromedp.WaitEnabled(chromedp.CSS("[data-consent-button]")),
		chromedp.Click(chromedp.CSS("[data-consent-button]")),
	)
	b.has("签名已收到")
	deadline := time.Now().Add(30 * time.Second)
	for b.open("/me/consents"); strings.Contains(b.text(), "等待账本确认"); b.open("/me/consents") {
		if time.Now().After(deadline) {
			b.t.Fatalf("consent does not become active\n%s", b.text())
		}
		time.Sleep(300 * time.Millisecond)
	}
	b.has("撤回授权")
}

// withdraw takes back every consent that is open, with one click each.
func (b *tab) withdraw() {
	b.t.Helper()
	for {
		b.open("/me/consents")
		if !strings.Contains(b.text(), "撤回授权") {
			return
		}
		b.click(`form[action$="/withdraw"] button`)
		b.has("授权已撤回")
	}
}

// tick clicks a choice and makes sure that it is chosen.
func (b *tab) tick(selector string) {
	b.t.Helper()
	b.do("tick "+selector, chromedp.Click(chromedp.CSS(selector)))
	checked, err := chromedp.Run(b.ctx, chromedp.JavascriptAttribute[bool](chromedp.CSS(selector), "checked"))
	if err != nil || !checked {
		b.t.Fatalf("%s is not chosen: %v", selector, err)
	}
}

package web

import "maps"

// text is one phrase in both languages. Where it takes arguments both have the same verbs in the same order, or
// numbered ones.
type text struct{ zh, en string }

// translations holds every phrase of the pages by key. They are plain Go, so that a missing comma is a compile error; a
// test holds the keys that templates use against this table.
var translations = merge(textCommon, textCodes, textErrors, textReasons, textPatient, textStaff, textAudit, textAbout)

func merge(tables ...map[string]text) map[string]text {
	all := map[string]text{}
	for _, t := range tables {
		maps.Copy(all, t)
	}
	return all
}

var textCommon = map[string]text{
	"site.name":     {"医链", "Yilian"},
	"site.skip":     {"跳到正文", "Skip to content"},
	"site.nav":      {"主导航", "Main"},
	"site.language": {"语言", "Language"},
	"site.signin":   {"登录", "Sign in"},
	"site.signout":  {"退出登录", "Sign out"},
	"site.signedin": {"当前用户", "Signed in as"},
	"site.request":  {"请求编号", "Request id"},
	"site.about":    {"这些记录如何证明未被改动？", "How is it proven that nothing was altered?"},

	"nav./me/records":     {"我的病历", "My records"},
	"nav./me/access":      {"谁看过", "Who looked"},
	"nav./me/consents":    {"我的授权", "My consents"},
	"nav./patients":       {"查找患者", "Find a patient"},
	"nav./audit":          {"成员日志", "Members' logs"},
	"nav./audit/evidence": {"核验证据", "Check evidence"},

	"list.separator": {"、", ", "},
	"kinds.all":      {"全部种类", "all kinds"},

	"lasting.seconds": {"%d 秒", "%d s"},
	"lasting.minutes": {"%d 分钟", "%d min"},
	"lasting.hours":   {"%d 小时", "%d h"},
	"lasting.days":    {"%d 天", "%d days"},

	"home.title": {"跨机构健康记录", "Health records across hospitals"},
	"home.lead":  {"您的健康记录，由您决定谁能看。", "Your health records. You decide who sees them."},
	"home.one": {
		"医院、保险机构和卫健委在这里按您的同意交换健康记录。",
		"Hospitals, insurers and the health commission exchange health records here, as you have agreed.",
	},
	"home.two": {
		"每一次查看都会留下记录，您随时能看到是谁、为了什么。",
		"Every look leaves a trace, and you can see at any time who it was and why.",
	},
	"home.three": {
		"任何人都不能悄悄改动或删去记录，包括医院和平台自己，而且您可以自己核验。",
		"Nobody can quietly alter or drop a record, not the hospital and not the operator, and you can check that yourself.",
	},
	"home.signin":  {"登录", "Sign in"},
	"home.hint":    {"使用%s的账号登录。", "Use your account at %s."},
	"home.norole":  {"您的账号没有可打开的页面，它供系统接口使用。", "There are no pages for your account; it is for systems."},
	"home.patient": {"患者：看病历、看谁查阅过、授权与撤回", "Patients: records, who looked, consents"},
	"home.staff":   {"医护：查找患者，向其他机构申请记录", "Clinicians: find a patient, ask other organisations"},
	"home.auditor": {"监管：看各成员日志，核验证据", "Auditors: members' logs, check evidence"},
}

var textCodes = map[string]text{
	"role.patient":   {"患者", "patient"},
	"role.clinician": {"医护人员", "clinician"},
	"role.system":    {"医院信息系统", "hospital system"},
	"role.auditor":   {"监管人员", "auditor"},
	"role.assessor":  {"理赔审核员", "claims assessor"},
	"role.gateway":   {"其他机构", "another organisation"},

	"purpose.TREAT":   {"诊断和治疗", "diagnosis and treatment"},
	"purpose.ETREAT":  {"紧急救治", "emergency treatment"},
	"purpose.PATRQT":  {"患者本人查阅", "the patient's own request"},
	"purpose.HPAYMT":  {"保险理赔", "insurance claim"},
	"purpose.HOPERAT": {"医院内部病历保存", "keeping the hospital's records"},
	"purpose.HRESCH":  {"医学研究", "research"},
	"purpose.PUBHLTH": {"公共卫生", "public health"},
	"purpose.HMARKT":  {"营销推广", "marketing"},

	"kind.demographics":  {"基本信息", "Personal details"},
	"kind.encounters":    {"就诊", "Visits"},
	"kind.diagnoses":     {"诊断", "Diagnoses"},
	"kind.observations":  {"检验结果与生命体征", "Test results and vital signs"},
	"kind.reports":       {"检查检验报告", "Reports"},
	"kind.medications":   {"用药", "Medicines"},
	"kind.procedures":    {"手术与操作", "Procedures"},
	"kind.immunizations": {"预防接种", "Vaccinations"},
	"kind.directory":     {"机构与人员目录", "Directory"},

	"type.Patient":            {"基本信息", "Personal details"},
	"type.Encounter":          {"就诊", "Visit"},
	"type.Condition":          {"诊断", "Diagnosis"},
	"type.Observation":        {"检验或测量", "Test or measurement"},
	"type.DiagnosticReport":   {"报告", "Report"},
	"type.MedicationRequest":  {"处方", "Prescription"},
	"type.Procedure":          {"手术或操作", "Procedure"},
	"type.Immunization":       {"接种", "Vaccination"},
	"type.ImagingStudy":       {"影像检查", "Imaging study"},
	"type.AllergyIntolerance": {"过敏", "Allergy"},
	"type.Practitioner":       {"医务人员", "Practitioner"},
	"type.Organization":       {"机构", "Organisation"},

	"flag.normal":   {"正常", "normal"},
	"flag.low":      {"偏低", "low"},
	"flag.high":     {"偏高", "high"},
	"flag.critical": {"危急", "critical"},
	"flag.abnormal": {"异常", "abnormal"},

	"fact.gender":      {"性别", "Sex"},
	"fact.born":        {"出生日期", "Born"},
	"fact.died":        {"死亡日期", "Died"},
	"fact.idcard":      {"身份证号", "Identity number"},
	"fact.phone":       {"电话", "Phone"},
	"fact.address":     {"住址", "Address"},
	"fact.class":       {"类别", "Class"},
	"fact.until":       {"至", "Until"},
	"fact.reason":      {"原因", "Reason"},
	"fact.department":  {"科室", "Department"},
	"fact.place":       {"地点", "Place"},
	"fact.doctor":      {"医生", "Doctor"},
	"fact.provider":    {"机构", "Provider"},
	"fact.certainty":   {"确定程度", "Certainty"},
	"fact.severity":    {"严重程度", "Severity"},
	"fact.site":        {"部位", "Site"},
	"fact.onset":       {"时间", "When"},
	"fact.ended":       {"痊愈", "Ended"},
	"fact.method":      {"方法", "Method"},
	"fact.conclusion":  {"结论", "Conclusion"},
	"fact.results":     {"项目", "Results"},
	"fact.dosage":      {"用法用量", "How to take it"},
	"fact.instruction": {"用药说明", "Instructions"},
	"fact.quantity":    {"数量", "Quantity"},
	"fact.supply":      {"可用", "Lasts"},
	"fact.outcome":     {"结果", "Outcome"},
	"fact.dose":        {"第几剂", "Dose"},
	"fact.lot":         {"批号", "Lot"},
	"fact.modality":    {"检查方式", "Modality"},
	"fact.images":      {"图像数", "Images"},
	"fact.criticality": {"风险", "Risk"},
	"fact.reaction":    {"反应", "Reaction"},

	"code.yes":                       {"是", "yes"},
	"code.no":                        {"否", "no"},
	"code.absent":                    {"无结果", "no result"},
	"code.asneeded":                  {"需要时使用", "when needed"},
	"code.gender.male":               {"男", "male"},
	"code.gender.female":             {"女", "female"},
	"code.gender.other":              {"其他", "other"},
	"code.gender.unknown":            {"未说明", "not stated"},
	"code.class.AMB":                 {"门诊", "outpatient"},
	"code.class.EMER":                {"急诊", "emergency"},
	"code.class.IMP":                 {"住院", "inpatient"},
	"code.class.ACUTE":               {"住院（急性期）", "inpatient, acute"},
	"code.class.HH":                  {"上门", "home visit"},
	"code.class.VR":                  {"线上", "online"},
	"code.class.OBSENC":              {"留观", "observation"},
	"code.verification.unconfirmed":  {"未确认", "unconfirmed"},
	"code.verification.provisional":  {"初步诊断", "provisional"},
	"code.verification.differential": {"鉴别诊断", "differential"},
	"code.verification.refuted":      {"已排除", "refuted"},
	"code.criticality.low":           {"低", "low"},
	"code.criticality.high":          {"高", "high"},

	"code.encounter.planned":       {"已预约", "planned"},
	"code.encounter.arrived":       {"已到院", "arrived"},
	"code.encounter.in-progress":   {"进行中", "in progress"},
	"code.encounter.cancelled":     {"已取消", "cancelled"},
	"code.condition.active":        {"现患", "active"},
	"code.condition.recurrence":    {"复发", "recurrence"},
	"code.condition.relapse":       {"复发", "relapse"},
	"code.condition.inactive":      {"非活动", "inactive"},
	"code.condition.remission":     {"缓解", "in remission"},
	"code.condition.resolved":      {"已痊愈", "resolved"},
	"code.observation.registered":  {"待出结果", "awaiting result"},
	"code.observation.partial":     {"部分结果", "partial"},
	"code.observation.preliminary": {"初步", "preliminary"},
	"code.observation.amended":     {"已修订", "amended"},
	"code.observation.corrected":   {"已更正", "corrected"},
	"code.observation.appended":    {"已补充", "appended"},
	"code.observation.cancelled":   {"已取消", "cancelled"},
	"code.medication.active":       {"使用中", "active"},
	"code.medication.on-hold":      {"暂停", "on hold"},
	"code.medication.cancelled":    {"已取消", "cancelled"},
	"code.medication.completed":    {"已完成", "completed"},
	"code.medication.stopped":      {"已停用", "stopped"},
	"code.medication.draft":        {"草稿", "draft"},
	"code.procedure.preparation":   {"准备中", "in preparation"},
	"code.procedure.in-progress":   {"进行中", "in progress"},
	"code.procedure.not-done":      {"未进行", "not done"},
	"code.procedure.on-hold":       {"暂停", "on hold"},
	"code.procedure.stopped":       {"中止", "stopped"},

	"system.urn:oid:2.16.156.10011.1.3": {"居民身份证号", "Resident identity number"},
	"system.other":                      {"其他证件号", "Other identifier"},
}

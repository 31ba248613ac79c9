package site

var textCommon = Texts{
	"site.name":     {"医链", "Yilian"},
	"site.skip":     {"跳到正文", "Skip to content"},
	"site.nav":      {"主导航", "Main"},
	"site.language": {"语言", "Language"},
	"site.signin":   {"登录", "Sign in"},
	"site.signout":  {"退出登录", "Sign out"},
	"site.signedin": {"当前用户", "Signed in as"},
	"site.request":  {"请求编号", "Request id"},
	"site.about":    {"这些记录如何证明未被改动？", "How is it proven that nothing was altered?"},

	"site.purpose": {
		"打开目的：%s。这次查看会记录，患者可以看到。",
		"Opened for: %s. This look is recorded, and the patient can see it.",
	},

	"print.patient": {"患者：%s", "Patient: %s"},
	"print.made":    {"打印于 %s", "Printed %s"},
	"print.by":      {"打印人：%s", "by %s"},

	"list.separator": {"、", ", "},
	"kinds.all":      {"全部种类", "all kinds"},

	"lasting.seconds": {"%d 秒", "%d s"},
	"lasting.minutes": {"%d 分钟", "%d min"},
	"lasting.hours":   {"%d 小时", "%d h"},
	"lasting.days":    {"%d 天", "%d days"},
}

// textCodes are words for the codes of the consortium's vocabulary.
var textCodes = Texts{
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

	"system.urn:oid:2.16.156.10011.1.3": {"居民身份证号", "Resident identity number"},
	"system.other":                      {"其他证件号", "Other identifier"},
}

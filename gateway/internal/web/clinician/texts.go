package clinician

import "yilian.example/gateway/internal/web/site"

var texts = site.Texts{
	"find.title": {"查找患者", "Find a patient"},
	"find.lead": {
		"用证件号查找。号码不会出现在网址里，也不会写进日志。",
		"Search by identifier. The number does not appear in addresses or logs.",
	},
	"find.system":  {"证件类型", "Kind of identifier"},
	"find.value":   {"号码", "Number"},
	"find.submit":  {"查找", "Find"},
	"find.missing": {"请输入证件号码。", "Please enter the number."},
	"find.invalid": {"这个号码不可能属于这种证件，请核对后再试。", "This cannot be a number of that kind. Please check it and try again."},
	"find.note": {
		"只有正在或近期在本机构就诊的患者才能查看；每次查找都会记录，患者可以看到。",
		"Only patients who are, or were recently, in your organisation's care can be seen. Every search is recorded, " +
			"and the patient can see it.",
	},

	"record.title": {"一条记录", "One record"},
	"record.back":  {"返回患者页面", "Back to the patient"},

	"patient.title":        {"患者", "Patient"},
	"patient.another":      {"查找另一位患者", "Find another patient"},
	"patient.where":        {"哪里有记录", "Who holds what"},
	"patient.where.none":   {"没有任何成员登记过这位患者的记录。", "No member has records of this patient."},
	"patient.where.hidden": {"现在不能显示哪里有记录", "Who holds records cannot be shown now"},
	"patient.member":       {"机构", "Member"},
	"patient.own":          {"本机构", "here"},
	"patient.where.unreached": {
		"以下成员没有回答，是否存有记录尚不清楚，请稍后再试：",
		"These members did not answer, so it is not known whether they hold anything. Try again later:",
	},
	"patient.cell":         {"%d 条，最近 %s", "%d, latest %s"},
	"patient.records":      {"本机构的记录", "Records here"},
	"patient.records.none": {"本机构没有这位患者的记录。", "There are no records of this patient here."},
	"patient.refused":      {"现在不能查看本机构的记录", "The records here cannot be shown now"},

	"ask.title": {"向其他机构申请", "Ask another organisation"},
	"ask.lead": {
		"对方按患者的授权决定，并记录这次申请。只勾选诊疗需要的内容。",
		"The other side decides by the patient's consent and records this request. Ask only for what is needed.",
	},
	"ask.none":              {"没有其他成员可以申请。", "There is no other member to ask."},
	"ask.custodian":         {"向谁申请", "Ask whom"},
	"ask.purpose":           {"目的", "Purpose"},
	"ask.kinds":             {"需要哪些记录", "Which records"},
	"ask.submit":            {"发出申请", "Send the request"},
	"ask.problems":          {"还差一点", "Something is missing"},
	"ask.missing.custodian": {"请选择向谁申请", "Choose whom to ask"},
	"ask.missing.purpose":   {"请选择目的", "Choose the purpose"},
	"ask.missing.kinds":     {"请至少选择一种记录", "Choose at least one kind of record"},
	"ask.purpose.TREAT":     {"诊断和治疗这位患者", "to diagnose and treat this patient"},
	"ask.purpose.HPAYMT":    {"审核这位患者的保险理赔", "to assess this patient's insurance claim"},

	"release.title":    {"对方提供的记录", "Records handed over"},
	"release.refused":  {"申请没有获准", "The request was refused"},
	"release.from":     {"提供方", "From"},
	"release.basis":    {"依据", "Basis"},
	"release.purpose":  {"目的", "Purpose"},
	"release.received": {"收到于", "Received"},
	"release.expires":  {"可查看至", "Can be read until"},
	"release.consent":  {"授权编号", "Consent"},
	"release.duty": {
		"只可用于上述目的，不得再提供给别人（《个人信息保护法》第23条）。",
		"For this purpose only; it may not be handed on (PIPL, Article 23).",
	},
	"release.witnessed": {"已核对：在对方经见证的日志里", "Checked: it stands in the other side's witnessed log"},
	"release.waiting":   {"尚未见证：现在不能证明对方登记过", "Not yet witnessed: that the other side logged it cannot be shown now"},
	"release.evidence":  {"下载证据文件", "Download evidence files"},
	"release.evidence.lead": {
		"任何人都可以凭证据文件离线核验：对方提供的记录自登记以来没有被改动。文件由本机构根据对方的公开日志和各成员的签名生成，无需对方配合。",
		"With an evidence file anybody can check offline that a record has not changed since the other side logged " +
			"it. The files are made here, from their public log and the members' signatures.",
	},
	"release.empty": {
		"申请获准，但对方没有这些种类的记录。",
		"The request was allowed, but the other side has no records of these kinds.",
	},
	"release.part": {
		"以下是最新的 %d 条；这家机构共有 %d 条。更早的没有显示。",
		"These are the newest %d; that organisation holds %d. Older ones are not shown here.",
	},
	"release.last": {
		"这是最后一部分；这家机构共有 %d 条。如果各部分合起来不足，说明期间有更正，请重新调阅。",
		"This is the last part; that organisation holds %d. Where all parts together have fewer, one was changed " +
			"meanwhile: please ask anew.",
	},
	"release.more":      {"继续调阅更早的记录", "Ask for the older records that follow"},
	"release.back":      {"返回患者页面", "Back to the patient"},
	"release.why":       {"理由", "Why"},
	"release.decidedby": {"由%s决定", "Decided by %s"},
	"release.next":      {"接下来怎么办", "What to do next"},
	"release.tell":      {"患者可以在这个网址授权：", "The patient can grant consent at this address:"},
	"release.notsent": {
		"申请没有发出。这次尝试已在本机构记录，患者可以看到。",
		"Nothing was sent. The attempt was recorded here, and the patient can see it.",
	},
	"release.recorded": {
		"这次申请和答复已由双方各自记录，患者可以看到。",
		"This request and its answer were recorded by both sides, and the patient can see them.",
	},
}

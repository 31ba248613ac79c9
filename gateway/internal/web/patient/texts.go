package patient

import "yilian.example/gateway/internal/web/site"

var texts = site.Texts{
	"records.title": {"我的病历", "My records"},
	"records.lead": {
		"%s保存的、关于您的记录。某一种很多时先显示最近存入的，并写明共有多少。",
		"What %s holds about you. Where there is much of a kind, the most recently stored come first, and it says how " +
			"many there are.",
	},
	"records.none": {"这里还没有您的记录", "There are no records of yours here yet"},
	"records.none.why": {
		"就诊之后，病历会出现在这里。如果您在其他成员机构就诊，请到那里的网站查看。",
		"After a visit, records appear here. If you were treated at another member, please look at its own site.",
	},
	"records.jump":     {"跳到", "Jump to"},
	"records.evidence": {"下载证据文件", "Download evidence file"},

	"record.title":     {"记录详情", "Record"},
	"record.back":      {"返回我的病历", "Back to my records"},
	"record.proof":     {"能证明什么", "What can be proven"},
	"record.witnessed": {"已由各成员共同见证", "Witnessed by the members"},
	"record.waiting":   {"已登记，等待见证", "Logged, waiting to be witnessed"},
	"record.explain": {
		"证据文件能让任何人（法院、保险机构、您自己）离线核验：这条记录自登记以来没有被改动过一个字。",
		"With the evidence file anybody (a court, an insurer, yourself) can check offline that not a letter of this " +
			"record has changed since it was logged.",
	},
	"record.received": {"登记时间", "Logged"},
	"record.version":  {"版本", "Version"},
	"record.raw":      {"查看原始数据（FHIR）", "Show the original data (FHIR)"},

	"access.title": {"谁看过我的记录", "Who looked at my records"},
	"access.lead": {
		"在本机构的每一次查看和每一次被拒绝都在这里，编号连续，少一条都会被发现。其他机构各有自己的一份，请到它们的页面上看。",
		"Every look and every refusal at this organisation is here. Entries are numbered without gaps, so a missing " +
			"one would show. Other organisations keep their own: see their pages.",
	},
	"access.complete":       {"编号已核对，没有缺失。", "The numbering was checked: nothing is missing."},
	"access.none":           {"还没有人看过您在这里的记录", "Nobody has looked at your records here yet"},
	"access.number":         {"第 %d 号", "No. %d"},
	"access.allowed":        {"已允许", "Allowed"},
	"access.refused":        {"已拒绝", "Refused"},
	"access.self":           {"您本人", "You"},
	"access.kinds":          {"内容", "What"},
	"access.asked":          {"要看什么", "Asked for"},
	"access.basis":          {"依据", "Basis"},
	"access.why":            {"拒绝理由", "Why refused"},
	"access.witnessed":      {"已见证", "Witnessed"},
	"access.waiting":        {"等待见证", "Waiting to be witnessed"},
	"access.earlier":        {"更早的记录", "Earlier entries"},
	"access.newest":         {"回到最新", "Back to the newest"},
	"access.action.read":    {"查看", "read"},
	"access.action.store":   {"保存病历", "stored a record"},
	"access.action.recall":  {"再次查看已收到的记录", "looked again at what was received"},
	"access.action.locate":  {"查询哪家机构有记录", "looked up who holds records"},
	"access.action.ask":     {"向其他机构申请记录", "asked another organisation for records"},
	"access.action.release": {"申请提供", "asked to be given"},

	"consents.title": {"我的授权", "My consents"},
	"consents.lead": {
		"您同意%s把哪些记录提供给谁。随时可以撤回，一点即生效。",
		"What you have agreed that %s may hand to whom. You can withdraw at any time; it counts at once.",
	},
	"consents.new":  {"新的授权", "Grant a consent"},
	"consents.none": {"目前没有授权", "There is no consent at present"},
	"consents.none.why": {
		"没有您的授权，其他机构看不到这里的记录。这不影响您就诊。",
		"Without your consent, other organisations do not see the records here. This does not affect your care.",
	},
	"consents.current":         {"当前的授权", "Current"},
	"consents.past":            {"以前的授权", "Past"},
	"consents.state.active":    {"有效", "Active"},
	"consents.state.pending":   {"等待账本确认", "Waiting for the ledger"},
	"consents.state.expired":   {"已到期", "Expired"},
	"consents.state.withdrawn": {"已撤回", "Withdrawn"},
	"consents.state.refused":   {"账本未接受，从未生效", "Not accepted by the ledger; never counted"},
	"consents.pending.why": {
		"签名已收到，账本确认后才生效，一般几秒钟。",
		"Your signature is in. It counts once the ledger has confirmed it, usually within seconds.",
	},
	"consents.kinds":        {"种类", "Kinds"},
	"consents.until":        {"有效期至", "Until"},
	"consents.granted":      {"签署于", "Signed"},
	"consents.withdrawnat":  {"撤回于", "Withdrawn"},
	"consents.withdraw":     {"撤回授权", "Withdraw"},
	"consents.withdraw.for": {"撤回给%s的授权", "Withdraw the consent for %s"},
	"consents.done.withdrawn": {
		"授权已撤回，从现在起不再提供记录。",
		"The consent is withdrawn. From now on no records are handed over under it.",
	},
	"consents.done.granted": {
		"签名已收到。账本确认后授权生效，一般几秒钟。",
		"Your signature is in. The consent counts once the ledger has confirmed it, usually within seconds.",
	},

	"grant.title": {"新的授权", "Grant a consent"},
	"grant.lead": {
		"分三步选择，下一页会用白话写出来给您看，签名之后才算数。",
		"Three choices. The next page puts them into plain words; nothing counts before you sign.",
	},
	"grant.who":            {"一、提供给谁，做什么用", "1. To whom, and what for"},
	"grant.kinds":          {"二、提供哪些记录", "2. Which records"},
	"grant.kinds.hint":     {"只选对方需要的。", "Choose only what they need."},
	"grant.period":         {"三、到什么时候为止", "3. Until when"},
	"grant.days.7":         {"7 天", "7 days"},
	"grant.days.30":        {"30 天", "30 days"},
	"grant.days.90":        {"90 天", "90 days"},
	"grant.days.365":       {"一年", "one year"},
	"grant.until":          {"至 %s", "until %s"},
	"grant.next":           {"下一步：阅读说明", "Next: read the statement"},
	"grant.cancel":         {"不授权，返回", "Do not grant, go back"},
	"grant.problems":       {"还差一点", "Something is missing"},
	"grant.missing.who":    {"请选择提供给谁", "Choose to whom"},
	"grant.missing.kinds":  {"请至少选择一种记录", "Choose at least one kind of record"},
	"grant.missing.period": {"请选择期限", "Choose a period"},

	"statement.title": {"请阅读并签名", "Please read and sign"},
	"statement.lead": {
		"下面是您将要签署的全部内容。不同意可以直接返回，不影响您就诊。",
		"This is all that you are about to sign. If you do not agree, just go back; it does not affect your care.",
	},
	"statement.sign": {"同意并签名", "Agree and sign"},
	"statement.how": {
		"签名在您的设备上完成，密钥只用这一次，用完即弃。",
		"The signature is made on your device with a key that is used this once and thrown away.",
	},
	"statement.noscript": {
		"签名需要在您的设备上计算，所以这一步需要开启浏览器的脚本（JavaScript）。其他页面都不需要。也可以到医院服务台办理。",
		"The signature is computed on your device, so this one step needs script (JavaScript) in your browser. No " +
			"other page does. You can also grant consent at the hospital's service desk.",
	},
}

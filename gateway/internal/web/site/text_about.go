package site

// textAbout is the start page, and how it is proven that nothing was altered.
var textAbout = Texts{
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

	"about.title": {"如何证明记录未被改动", "How it is proven that nothing was altered"},
	"about.lead":  {"您不必相信任何一家医院，也不必相信平台。", "You need not trust any one hospital, nor the operator."},
	"about.log":   {"每件事都先登记", "Everything is logged first"},
	"about.log.text": {
		"每条病历、每项授权、每次查看都会在保管机构的日志里占一行。这一行不含您的任何信息，只是一个无法倒推的封印。",
		"Every record, every consent and every look takes one line in the log of the organisation that holds it. The " +
			"line says nothing about you: it is a seal that cannot be read backwards.",
	},
	"about.tree": {"日志只能增加", "The log can only grow"},
	"about.tree.text": {
		"所有行连成一棵哈希树。改动或删去任何一行，树根就会变，谁都看得出来。",
		"All lines form one hash tree. Altering or dropping any line changes its root, and anybody can see it.",
	},
	"about.ledger": {"所有成员共同见证", "All members are witnesses"},
	"about.ledger.text": {
		"树根写进各成员共同保管的账本，账本核对新树确实是旧树的延长。一家机构不能悄悄换掉自己的日志。",
		"The root goes to a ledger that all members keep together, which checks that each new tree continues the old " +
			"one. No organisation can quietly swap its log.",
	},
	"about.consent": {"授权由您签名", "Consents carry your signature"},
	"about.consent.text": {
		"授权用只属于这一次的密钥在您的设备上签名，账本核对签名。医院无法替您编造授权，也无法扣住您的撤回。",
		"A consent is signed on your device with a key made for it alone, and the ledger checks the signature. A " +
			"hospital cannot invent a consent, nor hold back a withdrawal.",
	},
	"about.access": {"少一条也会被发现", "A missing entry shows"},
	"about.access.text": {
		"查看记录按患者连续编号，一条扣着一条。删掉一条，编号就断了。",
		"Looks are numbered for each patient without gaps, each tied to the one before. Drop one, and the chain breaks.",
	},
	"about.check": {"自己核验", "Check it yourself"},
	"about.check.text": {
		"在“我的病历”里下载证据文件，用核验程序离线检查。它不联网，只需要各成员的根证书。",
		"Download an evidence file under My records and check it with the verify program. It uses no network, only " +
			"the members' root certificates.",
	},
	"about.limits": {"不能证明什么", "What is not proven"},
	"about.limits.text": {
		"证明的是“没有被改动、没有被隐瞒”，不是“医生写得对”。病历内容如有错误，请要求更正。",
		"What is proven is that nothing was altered or hidden, not that the doctor wrote the right thing. If a " +
			"record is wrong, ask for a correction.",
	},
}

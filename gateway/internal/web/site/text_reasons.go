package site

// textReasons are the policy's grounds in words, and what the reader can do about a refusal.
var textReasons = Texts{
	"law.article":    {"%s第%s条", "%s, Article %s"},
	"law.articles":   {"%s第%s条", "%s, Articles %s"},
	"law.separator":  {"；", "; "},
	"reason.unknown": {"规则给出的理由：%s", "Reason given by the rules: %s"},
	"refused.intro": {
		"按照规则，这项请求没有被允许。这次请求已经记录，患者可以看到。",
		"The rules did not allow this request. It was recorded, and the patient can see it.",
	},

	"reason.PATIENT_SELF":       {"患者本人查阅自己的记录", "The patient reads their own records"},
	"reason.TREATMENT_RELATION": {"患者正在或近期在本机构就诊", "The patient is, or was recently, in this organisation's care"},
	"reason.PATIENT_CONSENT":    {"患者签署的有效授权", "A valid consent signed by the patient"},
	"reason.RECORD_KEEPING":     {"医院依法保存病历", "The hospital keeps medical records as the law requires"},
	"reason.MEMBER_TREATMENT": {
		"另一家成员机构正在诊治这位患者，查询哪里有记录",
		"Another member treats the patient and looks up who holds records",
	},
	"reason.MEMBER_PATIENT": {
		"患者本人在另一家成员机构查询哪里有记录",
		"The patient, at another member, looks up who holds their records",
	},
	"reason.ASKING_CUSTODIANS": {
		"向保管病历的机构申请，由对方按患者的授权决定",
		"The organisations that hold records are asked; they decide by the patient's consent",
	},
	"reason.DIRECTORY": {"目录信息，不涉及患者", "Directory data, not about a patient"},

	"reason.INPUT_MISSING":        {"请求缺少必要的信息", "The request lacked information that is needed"},
	"reason.INPUT_MISSING.next":   {"请重新打开页面再试一次。", "Please open the page again and retry."},
	"reason.MARKETING_PROHIBITED": {"任何人都不得为营销使用健康记录", "Health records may never be used for marketing"},
	"reason.ACTION_UNKNOWN":       {"没有这种操作", "The action is not known"},
	"reason.PURPOSE_UNKNOWN":      {"没有这种使用目的", "The purpose is not known"},
	"reason.KIND_UNKNOWN":         {"没有这种记录", "The kind of record is not known"},
	"reason.NOT_CUSTODIAN": {
		"被询问的机构不是这些记录的保管方",
		"The organisation that was asked does not keep these records",
	},
	"reason.AUDITOR_NO_CONTENT": {"监管人员可以看日志，但不能看病历内容", "Auditors see logs, never the content of records"},
	"reason.CONSENT_MISSING": {
		"患者没有授权您的机构查看这些记录",
		"The patient has not agreed that your organisation may see these records",
	},
	"reason.CONSENT_MISSING.next": {
		"请向患者说明用途，请其在保管机构的“我的授权”里授权，然后再申请。",
		"Please explain to the patient what it is for and ask them to grant consent at the organisation that holds " +
			"the records, then ask again.",
	},
	"reason.CONSENT_PENDING": {
		"患者已经签署，但账本还没有确认",
		"The patient has signed, but the ledger has not confirmed it yet",
	},
	"reason.CONSENT_PENDING.next": {
		"一般几秒钟就会确认，请稍后再申请。",
		"This usually takes some seconds; please ask again a little later.",
	},
	"reason.CONSENT_REFUSED":      {"账本没有接受这项授权，它从未生效", "The ledger did not accept this consent; it never counted"},
	"reason.CONSENT_REFUSED.next": {"请患者重新授权一次。", "Please ask the patient to grant consent once more."},
	"reason.CONSENT_EXPIRED":      {"患者的授权已经到期", "The patient's consent has expired"},
	"reason.CONSENT_EXPIRED.next": {
		"如果仍然需要，请患者重新授权。",
		"If it is still needed, please ask the patient to grant it anew.",
	},
	"reason.CONSENT_NOT_BEGUN":      {"患者的授权还没有开始", "The patient's consent has not begun yet"},
	"reason.CONSENT_NOT_BEGUN.next": {"请在授权开始后再申请。", "Please ask again when it has begun."},
	"reason.CONSENT_WITHDRAWN":      {"患者已经撤回授权", "The patient has withdrawn the consent"},
	"reason.CONSENT_WITHDRAWN.next": {
		"请尊重患者的决定；如有新的情况，可以再次向患者说明。",
		"Please respect this. If something has changed, you may explain it to the patient anew.",
	},
	"reason.CONSENT_RECIPIENT": {"患者的授权是给另一家机构的", "The patient's consent names another organisation"},
	"reason.CONSENT_RECIPIENT.next": {
		"请患者为您的机构单独授权。",
		"Please ask the patient for a consent that names your organisation.",
	},
	"reason.CONSENT_PURPOSE": {"患者的授权不包括这个目的", "The patient's consent is not for this purpose"},
	"reason.CONSENT_PURPOSE.next": {
		"请按授权的目的申请，或请患者为这个目的授权。",
		"Please ask for the purpose that was agreed, or ask the patient for a consent for this one.",
	},
	"reason.CONSENT_KIND": {
		"患者的授权不包括您要的全部种类",
		"The patient's consent does not cover all the kinds you asked for",
	},
	"reason.CONSENT_KIND.next": {
		"请只勾选授权过的种类，或请患者补充授权。",
		"Please ask only for the kinds that were agreed, or ask the patient to add the others.",
	},
	"reason.NO_TREATMENT_RELATION":      {"患者目前没有在本机构就诊", "The patient is not in this organisation's care at present"},
	"reason.NO_TREATMENT_RELATION.next": {"请先为患者登记就诊，再查看。", "Please register the visit first, then look again."},
	"reason.NOT_INVITED": {
		"患者没有邀请您的保险机构审核理赔",
		"The patient has not invited your insurance company to assess a claim",
	},
	"reason.NOT_INVITED.next": {
		"请患者在保管病历的医院授权后再查找。",
		"Please ask the patient to grant consent at the hospital that holds the records, then look again.",
	},
	"reason.NOT_THE_PATIENT":     {"只有患者本人可以这样查阅", "Only the patient themself may read this way"},
	"reason.OTHER_ORGANISATION":  {"这些记录由另一家机构保管", "These records are kept by another organisation"},
	"reason.PURPOSE_NOT_ALLOWED": {"您的角色不能以这个目的查看", "Your role may not read for this purpose"},
	"reason.ROLE_NOT_ALLOWED":    {"您的角色不能这样做", "Your role may not do this"},
	"reason.NO_BASIS":            {"没有法定依据允许这次查看", "There is no legal basis for this access"},
}

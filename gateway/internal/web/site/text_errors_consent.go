package site

// textErrorsConsent says what is the matter with a consent.
var textErrorsConsent = Texts{
	"error.CONSENT_NOT_FOUND": {"您在这里没有这项授权。", "You have no such consent here."},
	"error.CONSENT_AGE_UNKNOWN": {
		"这里没有您的出生日期，所以不能在网上授权。",
		"Your date of birth is not on record here, so consent cannot be taken online.",
	},
	"error.CONSENT_AGE_UNKNOWN.next": {"请带身份证件到服务台办理。", "Please ask at the service desk, with an identity document."},
	"error.CONSENT_GUARDIAN": {
		"不满十四周岁，需要由父母或监护人同意（《个人信息保护法》第31条），目前不能在网上办理。",
		"For children under 14 a parent or guardian has to consent (PIPL, Article 31). This cannot be done online yet.",
	},
	"error.CONSENT_GUARDIAN.next": {"请和监护人一起到服务台办理。", "Please come to the service desk together."},
	"error.CONSENT_PERIOD":        {"期限须在一年以内，并晚于现在。", "The period must end later than now and within a year."},
	"error.CONSENT_KINDS":         {"请至少选择一种记录。", "Please choose at least one kind of record."},
	"error.CONSENT_RECIPIENT": {
		"请选择另一家成员机构：诊疗选医院，理赔选保险机构。",
		"Please choose another member: a hospital for treatment, an insurer for a claim.",
	},
	"error.BIRTH_DATE_UNKNOWN": {"这里没有您的出生日期。", "There is no date of birth on record here."},
	"error.BIRTH_DATE_UNKNOWN.next": {
		"请带身份证件到服务台补登。",
		"Please have it added at the service desk, with an identity document.",
	},
	"error.CONSENT_CHANGED": {
		"签名的内容与页面上的不同，授权没有成立。",
		"What was signed is not what the page asked for. No consent was given.",
	},
	"error.CONSENT_CHANGED.next":   {"请重新打开授权页面，再签一次。", "Please load the page again and sign once more."},
	"error.CONSENT_CUSTODIAN":      {"授权要在保管病历的机构办理。", "Consent is given at the organisation that holds the records."},
	"error.CONSENT_CUSTODIAN.next": {"请打开那家机构的网址。", "Please go to that organisation's address."},
	"error.CONSENT_DRAFT_OLD":      {"这张授权书打开已超过一小时，授权没有成立。", "The form is older than an hour. No consent was given."},
	"error.CONSENT_DRAFT_OLD.next": {"请重新打开授权页面，再签一次。", "Please load the page again and sign once more."},
	"error.CONSENT_NOTICE":         {"授权书的告知内容已经更新，授权没有成立。", "The notice has been revised since. No consent was given."},
	"error.CONSENT_NOTICE.next":    {"请重新打开授权页面，再签一次。", "Please load the page again and sign once more."},
	"error.CONSENT_PURPOSE":        {"只能为诊疗或保险理赔授权。", "Consent can be given for treatment or for an insurance claim."},
	"error.CONSENT_PURPOSE.next":   {"请重新选择目的。", "Please choose the purpose again."},
	"error.CONSENT_SALT":           {"授权书没有完整提交，授权没有成立。", "The form was sent incomplete. No consent was given."},
	"error.CONSENT_SALT.next":      {"请重新打开授权页面，再签一次。", "Please load the page again and sign once more."},
	"error.CONSENT_SIGNATURE":      {"签名没有通过核验，授权没有成立。", "The signature does not verify. No consent was given."},
	"error.CONSENT_SIGNATURE.next": {"请重新打开授权页面，再签一次。", "Please load the page again and sign once more."},
	"error.CONSENT_STATEMENT": {
		"授权书的格式不对，授权没有成立。",
		"The statement is not of the documented form. No consent was given.",
	},
	"error.CONSENT_STATEMENT.next": {"请重新打开授权页面，再签一次。", "Please load the page again and sign once more."},
	"error.CONSENT_UNKNOWN":        {"账本上没有这项授权。", "This consent is not on the ledger."},
	"error.CONSENT_UNKNOWN.next":   {"刚签的授权请等几秒钟再看。", "If it was signed just now, please look again in some seconds."},
	"error.CONSENT_EXISTS":         {"这把密钥已经签过另一项授权。", "This key has signed another consent already."},
	"error.CONSENT_EXISTS.next":    {"请重新打开授权页面，再签一次。", "Please load the page again and sign once more."},
	"error.CONSENT_WITHDRAWN":      {"这项授权已经撤回，不能再生效。", "This consent was withdrawn and cannot count again."},
	"error.CONSENT_WITHDRAWN.next": {"需要时请重新授权。", "If it is wanted, please grant a new one."},
	"error.CONSENT_UNTIL": {
		"账本不接受这个期限：须晚于现在，并在五年以内。",
		"The ledger does not take this period: it must end later than now and within five years.",
	},
	"error.CONSENT_UNTIL.next": {"请重新选择期限。", "Please choose another end."},
	"error.STAFF_UNKNOWN": {
		"代办人员的密钥没有在本机构登记，或者已经停用。",
		"The staff key is not registered by this organisation, or was retired.",
	},
	"error.STAFF_UNKNOWN.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.ROLE_PURPOSE":      {"您的角色不能以这个目的办理。", "Your role does not serve this purpose."},
	"error.ROLE_PURPOSE.next": {"请选择您的角色可用的目的。", "Please choose a purpose that your role serves."},
}

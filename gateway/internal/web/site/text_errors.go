package site

// textErrors says what happened and what to do next, for codes and, where a code has no words of its own, for kinds.
var textErrors = Texts{
	"error.code":     {"代码", "Code"},
	"error.back":     {"返回首页", "Go to the start page"},
	"error.whatnext": {"接下来怎么办", "What to do next"},

	"error.title.internal":     {"出了点问题", "Something went wrong"},
	"error.title.unavailable":  {"暂时无法使用", "Not available just now"},
	"error.title.invalid":      {"填写的内容有误", "Something in the form is not right"},
	"error.title.unauthorized": {"请登录", "Please sign in"},
	"error.title.forbidden":    {"不能查看", "Not allowed"},
	"error.title.notfound":     {"没有找到", "Not found"},
	"error.title.gone":         {"已删除", "Deleted"},
	"error.title.conflict":     {"现在还不行", "Not possible right now"},
	"error.title.toolarge":     {"文件太大", "Too large"},
	"error.title.toomany":      {"请稍等", "Please wait a moment"},

	"error.kind.internal":     {"我们这边出了问题，没有改动任何内容。", "Something went wrong on our side. Nothing was changed."},
	"error.kind.unavailable":  {"系统的一部分暂时没有响应。", "A part of the system does not answer just now."},
	"error.kind.invalid":      {"提交的内容不完整或不正确。", "What was sent is incomplete or not right."},
	"error.kind.unauthorized": {"需要先登录才能查看这个页面。", "This page needs you to be signed in."},
	"error.kind.forbidden":    {"按照规则，这项内容不能提供。", "The rules do not allow this."},
	"error.kind.notfound":     {"没有这个页面或这条记录，或者它不是您的。", "There is no such page or record, or it is not yours."},
	"error.kind.gone":         {"这条记录已经删除。", "This record was deleted."},
	"error.kind.conflict":     {"当前状态下不能这样做，或者已经做过了。", "This cannot be done in the present state, or was done already."},
	"error.kind.toolarge":     {"提交的内容超过了上限。", "What was sent is over the limit."},
	"error.kind.toomany":      {"请求太频繁。", "There were too many requests."},

	"error.next.internal": {
		"请再试一次。如果仍然不行，请把下面的请求编号告诉服务台。",
		"Please try again. If it happens again, give the request id below to the service desk.",
	},
	"error.next.unavailable":  {"请过一会儿再试。已经保存的内容不受影响。", "Please try again in a moment. What was saved is safe."},
	"error.next.invalid":      {"请返回检查后再提交。", "Please go back, check, and send it again."},
	"error.next.unauthorized": {"请登录后继续。", "Please sign in to go on."},
	"error.next.forbidden":    {"如果您认为应当可以查看，请联系服务台。", "If you think you should see this, please ask the service desk."},
	"error.next.notfound":     {"请检查地址，或从首页重新进入。", "Please check the address, or begin at the start page."},
	"error.next.gone":         {"如有疑问，请联系服务台。", "If you have questions, please ask the service desk."},
	"error.next.conflict":     {"请返回看一下当前的状态。", "Please go back and look at how things stand now."},
	"error.next.toolarge":     {"请换一个较小的文件。", "Please choose a smaller file."},
	"error.next.toomany":      {"请等一分钟再试。", "Please wait a minute and try again."},

	"error.SIGN_IN": {"需要先登录才能查看这个页面。", "This page needs you to be signed in."},
	"error.SESSION_ENDED": {
		"您已退出登录，因为有一段时间没有操作。",
		"You have been signed out, because nothing happened for a while.",
	},
	"error.SESSION_ENDED.next":      {"请重新登录，会回到刚才的页面。", "Please sign in again; you will come back to this page."},
	"error.SIGN_IN_FAILED":          {"登录没有成功，或者用时太久。", "Signing in did not work, or took too long."},
	"error.SIGN_IN_FAILED.next":     {"请再登录一次。", "Please sign in once more."},
	"error.WRONG_ORGANISATION":      {"您的账号属于另一家机构。", "Your account belongs to another organisation."},
	"error.WRONG_ORGANISATION.next": {"请在您自己机构的网址登录。", "Please sign in at your own organisation's address."},
	"error.UNKNOWN_ROLE":            {"您的账号在这里还没有角色。", "Your account has no role here yet."},
	"error.UNKNOWN_ROLE.next":       {"请联系本机构的管理员。", "Please ask your organisation's administrator."},
	"error.NO_IDENTIFIER":           {"您的账号还没有关联身份证件。", "Your account is not linked to an identity document yet."},
	"error.NO_IDENTIFIER.next":      {"请带身份证件到医院服务台办理。", "Please have it linked at the hospital's service desk."},
	"error.WRONG_ROLE":              {"这个页面不是给您的角色使用的。", "This page is not meant for your role."},
	"error.WRONG_ROLE.next":         {"请从首页进入您的页面。", "Please go to your own pages from the start page."},
	"error.CROSS_ORIGIN": {
		"这个请求来自另一个网站，已被拒绝，没有改动任何内容。",
		"This request came from another site and was refused. Nothing was changed.",
	},
	"error.CROSS_ORIGIN.next":    {"请直接在本站页面上操作。", "Please use the pages of this site."},
	"error.IDENTITY_UNAVAILABLE": {"登录服务暂时没有响应。", "The sign-in service does not answer just now."},
	"error.NOT_WITNESSED": {
		"这条记录刚刚保存，还没有经各成员共同见证，所以证据文件还不完整。",
		"This record was just saved and has not been witnessed by the members yet, so its evidence file is not complete.",
	},
	"error.NOT_WITNESSED.next": {
		"一般几秒钟就好，请稍后再下载。",
		"This usually takes some seconds; please download it a little later.",
	},
	"error.RECORD_INTEGRITY": {
		"这条记录在数据库里被系统以外的方式改动过，所以不予显示。改动可以从日志中证明。",
		"This record was changed in the database outside this system, so it is not shown. The change is provable from the log.",
	},
	"error.RECORD_INTEGRITY.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.ACCESS_LOG_BROKEN": {
		"访问记录在数据库里被系统以外的方式改动或删去过，所以不予显示。改动可以从日志中证明。",
		"The access log was changed in the database outside this system, so it is not shown. The change is provable from the log.",
	},
	"error.ACCESS_LOG_BROKEN.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.RECORD_ALTERED": {
		"这条记录与登记时不一致，所以不出具证据。",
		"This record is not what was logged when it was stored, so no evidence is given for it.",
	},
	"error.RECORD_ALTERED.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.ERASED": {
		"这位患者在本机构的记录已按要求删除，无法恢复。",
		"This patient's records here were erased as asked, and cannot be brought back.",
	},
	"error.CUSTODIAN_UNREACHABLE": {
		"暂时联系不上对方机构，没有提供任何记录。",
		"The other organisation cannot be reached now. Nothing was handed over.",
	},
	"error.CUSTODIAN_UNREACHABLE.next": {
		"请一分钟后再申请；紧急时请直接打电话。",
		"Please ask again in a minute; if it is urgent, please telephone.",
	},
	"error.CUSTODIAN_REFUSED": {"对方机构没有受理这次申请。", "The other organisation did not accept the request."},
	"error.CUSTODIAN_REFUSED.next": {
		"请再试一次；如果仍然不行，请告诉管理员。",
		"Please try again; if it happens again, tell your administrator.",
	},
	"error.RELEASE_SUSPENDED": {
		"对方机构的日志暂时得不到见证，所以暂停提供记录。",
		"The other organisation's log cannot be witnessed at present, so it has suspended handing over records.",
	},
	"error.RELEASE_SUSPENDED.next": {"请稍后再申请，或请患者自带一份。", "Please ask again later, or ask the patient for a copy."},
	"error.RELEASE_TOO_LARGE":      {"记录太多，一次放不下。", "There are too many records for one answer."},
	"error.RELEASE_TOO_LARGE.next": {"请分几次申请，每次少选几种。", "Please ask for fewer kinds at a time."},
	"error.REPLY_UNTRUSTED": {
		"对方机构的答复没有通过核验，所以没有采用。",
		"The other organisation's answer could not be verified, so it was not used.",
	},
	"error.REPLY_UNTRUSTED.next": {
		"请再试一次；如果仍然不行，请告诉管理员。",
		"Please try again; if it happens again, tell your administrator.",
	},
	"error.REQUEST_NOT_FOUND":      {"没有这份答复，或者它的查看时间已过。", "There is no such answer for you, or its time is over."},
	"error.REQUEST_NOT_FOUND.next": {"请重新向对方机构申请。", "Please ask the other organisation again."},
	"error.CONSENT_NOT_FOUND":      {"您在这里没有这项授权。", "You have no such consent here."},
	"error.CONSENT_AGE_UNKNOWN": {
		"这里没有您的出生日期，所以不能在网上授权。",
		"Your date of birth is not on record here, so consent cannot be taken online.",
	},
	"error.CONSENT_GUARDIAN": {
		"不满十四周岁，需要由父母或监护人同意（《个人信息保护法》第31条），目前不能在网上办理。",
		"For children under 14 a parent or guardian has to consent (PIPL, Article 31). This cannot be done online yet.",
	},
	"error.CONSENT_AGE_UNKNOWN.next": {"请带身份证件到服务台办理。", "Please ask at the service desk, with an identity document."},
	"error.CONSENT_GUARDIAN.next":    {"请和监护人一起到服务台办理。", "Please come to the service desk together."},
	"error.CONSENT_PERIOD":           {"期限须在一年以内，并晚于现在。", "The period must end later than now and within a year."},
	"error.CONSENT_KINDS":            {"请至少选择一种记录。", "Please choose at least one kind of record."},
	"error.CONSENT_RECIPIENT": {
		"请选择另一家成员机构：诊疗选医院，理赔选保险机构。",
		"Please choose another member: a hospital for treatment, an insurer for a claim.",
	},
	"error.EVIDENCE_TOO_LARGE": {"文件超过 32 MB，不是证据文件。", "The file is larger than 32 MB: it is no evidence file."},
	"error.EVIDENCE_MISSING":   {"请先选择一个证据文件。", "Please choose an evidence file first."},
}

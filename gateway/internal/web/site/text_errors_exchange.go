package site

// textErrorsExchange says what is the matter between members, with their logs and with evidence.
var textErrorsExchange = Texts{
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
	"error.RELEASE_COMPLETE":       {"这次调阅的记录已全部取到。", "All records of this question have come already."},
	"error.RELEASE_COMPLETE.next":  {"如需更新的记录，请重新调阅。", "Please ask anew for what was stored since."},
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
	"error.REPLY_WITHOUT_CONSENT": {
		"对方机构的答复所依据的同意，账本上没有，所以没有采用。",
		"The ledger does not know the consent that the other organisation names, so its answer was not used.",
	},
	"error.REPLY_WITHOUT_CONSENT.next": {
		"请过一分钟再试；如果仍然不行，请告诉管理员。",
		"Please try again in a minute; if it happens again, tell your administrator.",
	},
	"error.REQUEST_NOT_FOUND":      {"没有这份答复，或者它的查看时间已过。", "There is no such answer for you, or its time is over."},
	"error.REQUEST_NOT_FOUND.next": {"请重新向对方机构申请。", "Please ask the other organisation again."},
	"error.NOT_WITNESSED": {
		"这条记录刚刚保存，还没有经各成员共同见证，所以证据文件还不完整。",
		"This record was just saved and has not been witnessed by the members yet, so its evidence file is not complete.",
	},
	"error.NOT_WITNESSED.next": {
		"一般几秒钟就好，请稍后再下载。",
		"This usually takes some seconds; please download it a little later.",
	},
	"error.EVIDENCE_TOO_LARGE":     {"文件超过 32 MB，不是证据文件。", "The file is larger than 32 MB: it is no evidence file."},
	"error.EVIDENCE_MISSING":       {"请先选择一个证据文件。", "Please choose an evidence file first."},
	"error.CUSTODIAN_INVALID":      {"没有选对要申请的机构。", "The organisation that was asked is not another member."},
	"error.CUSTODIAN_INVALID.next": {"请选择另一家成员机构。", "Please choose another member organisation."},
	"error.PATIENT_INVALID":        {"患者编号的格式不对。", "The patient reference is not of the right form."},
	"error.PATIENT_INVALID.next":   {"请先用证件号查找患者。", "Please find the patient by identifier first."},
	"error.PURPOSE_INVALID":        {"没有写明为什么需要这些记录。", "The request does not say why the records are needed."},
	"error.PURPOSE_INVALID.next":   {"请选择一个列出的目的。", "Please choose one of the listed purposes."},
	"error.KINDS_MISSING":          {"没有选择记录种类。", "No kind of record was chosen."},
	"error.KINDS_MISSING.next":     {"请至少选择一种记录。", "Please choose at least one."},
	"error.KIND_INVALID":           {"选择的记录种类里有不认识的。", "One of the kinds of record is not known."},
	"error.KIND_INVALID.next":      {"请从列出的种类里选择。", "Please choose from the list."},
	"error.REQUEST_MALFORMED":      {"对方机构发来的申请无法读取。", "The other organisation's request cannot be read."},
	"error.REQUEST_MALFORMED.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.REQUEST_MISDIRECTED": {
		"申请写的机构与连接的机构不同，没有受理。",
		"The request names other organisations than those on this connection. It was not accepted.",
	},
	"error.REQUEST_MISDIRECTED.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.REQUEST_REPLAYED":      {"这份申请以前用过，没有再次受理。", "This request was used before and was not accepted again."},
	"error.REQUEST_REPLAYED.next": {"请重新申请一次。", "Please make a new request."},
	"error.REQUEST_SIGNATURE":     {"申请的签名没有通过核验，没有受理。", "The request's signature does not verify. It was not accepted."},
	"error.REQUEST_SIGNATURE.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.REQUEST_STALE":      {"申请太旧，或者两边的时钟不一致。", "The request is too old, or the clocks differ."},
	"error.REQUEST_STALE.next": {"请核对时钟后重新申请。", "Please check the clock and make a new request."},
	"error.REQUEST_TOO_LARGE":  {"申请的内容超过上限。", "The request is over the limit."},
	"error.REQUEST_TOO_LARGE.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.REQUEST_CUT":       {"申请没有发完就中断了。", "The request ended before it was complete."},
	"error.REQUEST_CUT.next":  {"请重新申请一次。", "Please make a new request."},
	"error.PEER_UNKNOWN":      {"连接方没有出示成员机构的证书。", "The caller did not show the certificate of a member."},
	"error.PEER_UNKNOWN.next": {"请用成员机构的网关证书连接。", "Please connect with the gateway certificate of a member."},
	"error.UNKNOWN_GATEWAY":   {"连接方的证书不是成员机构网关的。", "The caller's certificate is not that of a member's gateway."},
	"error.UNKNOWN_GATEWAY.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.UNKNOWN_MEMBER":      {"没有这家成员机构。", "There is no such member."},
	"error.UNKNOWN_MEMBER.next": {"请从成员名单里选择。", "Please choose from the list of members."},
	"error.MEMBER_UNKNOWN":      {"签名的机构不是成员。", "The signing organisation is not a member."},
	"error.MEMBER_UNKNOWN.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.MESSAGE_MALFORMED": {
		"对方发来的消息不是约定的格式。",
		"The other side's message is not a signed one of the documented form.",
	},
	"error.MESSAGE_MALFORMED.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.MESSAGE_SIGNATURE": {
		"对方消息的签名没有通过核验，没有采用。",
		"The signature of the other side's message does not verify. It was not used.",
	},
	"error.MESSAGE_SIGNATURE.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.MESSAGE_TYPE": {
		"对方的消息是为别的用途签名的，没有采用。",
		"The other side's message is signed for another use. It was not used.",
	},
	"error.MESSAGE_TYPE.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.NOT_EVIDENCE":      {"这不是证据文件，或者它已损坏。", "This is not an evidence file, or it is damaged."},
	"error.NOT_EVIDENCE.next": {"请换一个文件，或请对方重新给一份。", "Please choose another file, or ask for it anew."},
	"error.LOG_LAG": {
		"本机构的日志太久没有得到账本见证，暂停向其他机构提供记录。",
		"The ledger has not witnessed this organisation's log for too long. Records are not released until it has.",
	},
	"error.LOG_LAG.next": {"请稍后再试。", "Please try again later."},
	"error.LOG_REFUSED": {
		"本机构的日志正在检查，暂停向其他机构提供记录。",
		"This organisation's log is being examined. Records are not released until that is done.",
	},
	"error.LOG_REFUSED.next": {"请联系管理员。", "Please ask your administrator."},
	"error.CLOCK_WRONG": {
		"这台机器的时钟与多数机构不一致，其他机构会拒绝它的请求。",
		"This machine's clock differs from most others'. Other organisations refuse its requests.",
	},
	"error.CLOCK_WRONG.next": {"请联系管理员校准时钟。", "Please ask your administrator to set it right."},
	"error.AUDIT_RUNNING": {
		"系统刚刚启动，正在核对数据库，请稍候。",
		"This gateway has just started and is still checking its database.",
	},
	"error.AUDIT_RUNNING.next": {"请稍后再试。", "Please try again in a moment."},
	"error.DATABASE_ALARM": {
		"本机构的数据库在本系统以外被改动过，查清之前暂停向其他机构提供记录。",
		"Something in this organisation's database was changed outside this system. Nothing is released until that is clear.",
	},
	"error.DATABASE_ALARM.next": {"请联系管理员。", "Please ask your administrator."},
	"error.AUDIT_STALE": {
		"系统有一段时间没能核对数据库，核对完成之前暂停向其他机构提供记录。",
		"This gateway has not been able to check its database for a while. Nothing is released until it has.",
	},
	"error.AUDIT_STALE.next":       {"请联系管理员。", "Please ask your administrator."},
	"error.LOG_UNREACHABLE":        {"暂时读不到对方机构的日志。", "The other organisation's log cannot be read now."},
	"error.LOG_UNREACHABLE.next":   {"请一分钟后再试。", "Please try again in a minute."},
	"error.LOG_NOT_PUBLISHED":      {"这本日志还没有经过见证的检查点。", "This log has no witnessed checkpoint yet."},
	"error.LOG_NOT_PUBLISHED.next": {"请几秒钟后再试。", "Please try again in some seconds."},
	"error.LOG_UNATTESTED": {
		"成员没有为这本日志的见证签名作证，所以不出具结论。",
		"The members have not attested this log's witness, so nothing is concluded.",
	},
	"error.LOG_UNATTESTED.next": {
		"请过一会儿再试；如果仍然不行，请告诉管理员。",
		"Please try again in a moment; if it happens again, tell your administrator.",
	},
	"error.NO_SUCH_TILE": {"日志里没有这一块。", "The log has no such tile."},
	"error.NO_SUCH_TILE.next": {
		"请先读取检查点，再按它的大小取块。",
		"Please read the checkpoint first, and ask for tiles by its size.",
	},
	"error.OBLIGATION_UNKNOWN": {
		"规则附带了本系统不能履行的要求，所以没有照办。",
		"The rules attach a duty that this system cannot carry out, so nothing was done.",
	},
	"error.OBLIGATION_UNKNOWN.next": {"请告诉管理员。", "Please tell your administrator."},
	"error.RELEASE_BEYOND_DECISION": {
		"有记录超出了决定的范围，所以什么都没有提供。",
		"Something went beyond what was decided, so nothing was released.",
	},
	"error.RELEASE_BEYOND_DECISION.next": {"请告诉管理员。", "Please tell your administrator."},
}

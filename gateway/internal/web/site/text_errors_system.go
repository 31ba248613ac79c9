package site

// textErrorsSystem says what is the matter with database, keys and ledger.
var textErrorsSystem = Texts{
	"error.DATABASE": {"读取或保存时出了问题，没有改动任何内容。", "Something went wrong while reading or saving. Nothing was changed."},
	"error.DATABASE.next": {
		"请再试一次；如果仍然不行，请把请求编号告诉服务台。",
		"Please try again; if it happens again, give the request id to the service desk.",
	},
	"error.DATABASE_DOWN": {
		"数据库暂时没有响应，没有改动任何内容。",
		"The database cannot be reached at the moment. Nothing was changed.",
	},
	"error.DATABASE_DOWN.next": {"请过一会儿再试。", "Please try again in a moment."},
	"error.DATABASE_SLOW": {
		"数据库没有及时回应。如果您正在保存，不知道是否已经保存。",
		"The database did not answer in time. If you were saving something, it is not known whether it is there.",
	},
	"error.DATABASE_SLOW.next": {
		"请先看一下有没有保存，再决定是否重发；如果只是查看，请过一会儿再试。",
		"Please look whether it is there before you send it again; if you were only reading, try again in a moment.",
	},
	"error.CONTENTION": {
		"此刻对同一内容的修改太多，没有改动任何内容。",
		"There are too many changes to the same entry at this moment. Nothing was changed.",
	},
	"error.CONTENTION.next": {"请过一会儿再试。", "Please try again in a moment."},
	"error.OUTCOME_UNKNOWN": {
		"保存时与数据库的连接中断，不知道是否已经保存。",
		"The connection was lost while saving, so it is not known whether your change is there.",
	},
	"error.OUTCOME_UNKNOWN.next": {"请先看一下有没有保存，再决定是否重发。", "Please look whether it is, before you send it again."},
	"error.CLAIM_LOST":           {"另一个进程已经接手这件事。", "Another worker has taken this over."},
	"error.CLAIM_LOST.next":      {"不需要做什么。", "There is nothing to do."},
	"error.KEY_NOT_FOUND":        {"这里没有保存这位患者的任何内容。", "There is nothing stored on this patient here."},
	"error.KEY_BROKEN": {
		"本机构的密钥打不开这份数据，所以不予显示。",
		"The data cannot be opened with this organisation's key, so it is not shown.",
	},
	"error.KEY_BROKEN.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.SEAL_BROKEN": {
		"保存的内容打不开：它被改动过，或者不属于这里，所以不予显示。",
		"What is stored cannot be opened: it was changed, or does not belong here. It is not shown.",
	},
	"error.SEAL_BROKEN.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.LEDGER_UNAVAILABLE": {
		"暂时连不上联盟账本，账本上没有改动任何内容。",
		"The consortium's ledger cannot be reached. Nothing was changed on it.",
	},
	"error.LEDGER_UNAVAILABLE.next": {"请一分钟后再试。", "Please try again in a minute."},
	"error.LEDGER_OUTCOME_UNKNOWN": {
		"账本还没有确认，系统会自动查清结果。",
		"The ledger has not confirmed this yet. It will be looked up.",
	},
	"error.LEDGER_OUTCOME_UNKNOWN.next": {"请一分钟后再看，不要马上重复。", "Please look again in a minute before repeating it."},
	"error.LEDGER_CONFLICT": {
		"账本上的内容刚刚被别人改动，这次没有写入。",
		"What this rested on changed on the ledger just now. Nothing was written.",
	},
	"error.LEDGER_CONFLICT.next": {"请过一会儿再试。", "Please try again in a moment."},
	"error.LEDGER_INVALID":       {"账本没有接受这次写入。", "The ledger did not accept this."},
	"error.LEDGER_INVALID.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.LEDGER_STATE_INVALID": {"账本的答复无法读取。", "The ledger's answer could not be understood."},
	"error.LEDGER_STATE_INVALID.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.ARGUMENT_INVALID":      {"账本不接受这样的内容。", "The ledger does not accept this input."},
	"error.ARGUMENT_INVALID.next": {"请检查后再试。", "Please correct it and try again."},
	"error.CALLER_FORBIDDEN":      {"账本不允许本机构这样做。", "The ledger does not allow this organisation to do that."},
	"error.CALLER_FORBIDDEN.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.SIGNATURE_INVALID":      {"签名没有通过账本的核验。", "The ledger could not verify a signature."},
	"error.SIGNATURE_INVALID.next": {"请用正确的密钥重新签名。", "Please sign again with the right key."},
	"error.TIME_OUT_OF_BOUNDS": {
		"本机构的时钟与其他成员相差超过五分钟。",
		"This organisation's clock differs from the other members' by more than five minutes.",
	},
	"error.TIME_OUT_OF_BOUNDS.next": {"请管理员校准时钟。", "Please ask the administrator to correct it."},
	"error.WITNESS_UNKNOWN":         {"账本上没有登记这本日志。", "This log is not registered on the ledger."},
	"error.WITNESS_UNKNOWN.next":    {"请管理员先登记日志。", "Please ask the administrator to register it."},
	"error.WITNESS_REGISTERED":      {"这本日志已用另一把公钥登记。", "This log is registered with another key."},
	"error.WITNESS_REGISTERED.next": {"请管理员用新旧两把密钥更换。", "Please ask the administrator to change it with both keys."},
	"error.WITNESS_SMALLER": {
		"日志比账本见证过的短：有内容被去掉了。",
		"The log is shorter than the ledger has witnessed: entries were dropped.",
	},
	"error.WITNESS_SMALLER.next": {"请管理员立即调查。", "Please have the administrator investigate at once."},
	"error.WITNESS_INCONSISTENT": {
		"日志与账本见证过的不一致：有内容被改动了。",
		"The log contradicts what the ledger has witnessed: entries were altered.",
	},
	"error.WITNESS_INCONSISTENT.next": {"请管理员立即调查。", "Please have the administrator investigate at once."},
	"error.ROW_ALTERED": {
		"保存的内容在本系统以外被改动过，所以不予显示。",
		"What is stored was changed outside this system, so it is not shown.",
	},
	"error.ROW_ALTERED.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.ROWS_MISSING": {
		"保存的内容在本系统以外缺失了一部分，所以不予显示。",
		"Some of what was stored has gone missing outside this system, so nothing is shown.",
	},
	"error.ROWS_MISSING.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.LEAF_MISSING": {
		"保存的内容在日志中没有对应的条目。", "Something that is stored has no entry in the log.",
	},
	"error.LEAF_MISSING.next": {"请联系管理员。", "Please ask your administrator."},
	"error.ROW_MISSING": {
		"日志中有条目，而对应的内容已不在数据库中。", "The log has an entry whose row is gone from the database.",
	},
	"error.ROW_MISSING.next": {"请联系管理员。", "Please ask your administrator."},
	"error.LEAF_ALTERED": {
		"日志中的条目与保存的内容不符。", "The log holds another entry than was placed there.",
	},
	"error.LEAF_ALTERED.next": {"请联系管理员。", "Please ask your administrator."},
	"error.TREE_ALTERED": {
		"日志的存储在本系统以外被改动过。", "The stored log was changed outside this system.",
	},
	"error.TREE_ALTERED.next": {"请联系管理员。", "Please ask your administrator."},
	"error.SCHEMA_CHANGED": {
		"数据库的结构在本系统以外被改动过。", "The structure of the database was changed outside this system.",
	},
	"error.SCHEMA_CHANGED.next": {"请联系管理员。", "Please ask your administrator."},
	"error.STATE_OLD": {
		"保存的内容被换成了较早的状态，所以不予显示。",
		"What is stored was put back to an earlier state, so it is not shown.",
	},
	"error.STATE_OLD.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.KEY_MISSING": {"打开这份数据的密钥不见了，所以不予显示。", "The key to this data is missing, so it is not shown."},
	"error.KEY_MISSING.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.CONSENT_ENDED":      {"这项授权已经结束，不能再改变。", "This consent has ended and cannot change any more."},
	"error.CONSENT_ENDED.next": {"需要时请重新授权。", "If it is wanted, please grant a new one."},
	"error.ID_UNUSABLE": {
		"编号“.”和“..”不能用在地址中，请换一个编号。", "The ids . and .. cannot stand in an address. Choose another id.",
	},
	"error.TOO_MANY": {"请求太频繁，请稍等片刻再试。", "You asked too often. Wait a moment, then try again."},
	"error.PURPOSE_MISSING": {
		"没有说明使用目的，请选择目的后再试。",
		"The purpose was not stated. Say what the data are for, then try again.",
	},
	"error.PURPOSE_NOT_IN_TOKEN": {
		"所说的使用目的与令牌中的不一致，请核对后再试。", "The stated purpose is not the one in the token. Check it, then try again.",
	},
	"error.WITNESS_DOMAIN": {
		"这本日志的名称不属于本联盟，账本不予登记，请检查配置。",
		"The log's name is not of this consortium, so the ledger does not register it. Check the configuration.",
	},
	"error.BUSY":      {"此刻读取的内容太多，请稍等。", "Too much is being read at this moment."},
	"error.BUSY.next": {"请过一会儿再试。", "Please try again in a moment."},
}

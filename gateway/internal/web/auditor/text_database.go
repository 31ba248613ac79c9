package auditor

import "yilian.example/gateway/internal/web/site"

// textDatabase are the words of the running audit: how it stands, what to do, and what each finding means.
var textDatabase = site.Texts{
	"integrity.title": {"数据库核对", "Audit of the database"},
	"integrity.lead": {
		"系统不停地核对本机构的数据库：每一行与写入时的封签、患者的合计和日志是否相符。这里只有表名和行的位置，没有病历内容。",
		"This organisation's database is checked all the time: each row against the seal that it was written with, the " +
			"sums of its patient, and the log. This page names tables and rows, never the content of records.",
	},
	"integrity.at":   {"数据时间", "As of"},
	"integrity.more": {"查看数据库核对", "See the audit of the database"},

	"integrity.short.refused": {
		"账本不认可本机构的日志，对外提供记录已停止，日志不再增长。",
		"The ledger contradicts this organisation's log; release has stopped and the log does not grow.",
	},
	"integrity.state.refused": {
		"账本不认可本机构的日志：数据库很可能被恢复成了较旧的备份。",
		"The ledger contradicts this organisation's log: most likely an older dump of the database was restored.",
	},
	"integrity.release.refused": {
		"已停止向其他机构提供记录，日志不再增长；新记录照常接收并等候。",
		"Nothing is released to other organisations and the log does not grow; new records are stored, and wait.",
	},
	"integrity.next.refused": {
		"请立即打电话给系统管理员：先备份现状，再恢复账本最后一次见证之后的备份（运行手册 network/runbook.md，“LOG_REFUSED”一节）。",
		"Call the system administrator at once: keep a dump of what is there now, then restore one from after the ledger " +
			"witnessed the log last (runbook network/runbook.md, \"LOG_REFUSED\").",
	},
	"integrity.empty.refused": {"没有别的警报", "No other alarms"},
	"integrity.why.refused": {
		"每一行都可能正是本机构写入的，只是旧了：这一点由账本看出，不是由核对看出。",
		"Each row may be as this organisation wrote it, and old: the ledger shows that, and not the audit.",
	},
	"integrity.short.alarm":   {"数据库核对有警报，对外提供记录已停止。", "The audit of the database has alarms; release has stopped."},
	"integrity.short.unknown": {"数据库尚未完整核对过一遍。", "The database has not been checked once yet."},
	"integrity.short.stale": {
		"数据库太久没有核对，对外提供记录已停止。", "The database has not been checked for too long; release has stopped.",
	},
	"integrity.short.whole": {"数据库核对没有发现问题。", "The audit of the database found nothing wrong."},

	"integrity.alarm":         {"有 %d 条警报。", "Alarms that stand: %d."},
	"integrity.alarm.full":    {"至少有 %d 条警报。", "Alarms that stand: at least %d."},
	"integrity.state.unknown": {"还不知道：启动以来尚未完整核对过一遍。", "Not known yet: no complete pass since the start."},
	"integrity.state.stale":   {"不再可靠：太久没有核对完一遍。", "No longer known: no pass has ended for too long."},
	"integrity.state.whole":   {"最近一遍核对没有发现问题。", "The last pass found nothing wrong."},
	"integrity.release.alarm": {
		"已停止向其他机构提供记录。", "Nothing is released to other organisations.",
	},
	"integrity.release.unknown": {
		"核对完之前不提供记录，只接收新记录。", "Until one has ended no record is shown or released; new ones are stored.",
	},
	"integrity.release.stale": {
		"已停止向其他机构提供记录。", "Nothing is released to other organisations.",
	},
	"integrity.release.whole": {
		"数据库不妨碍向其他机构提供记录。", "The database does not stand in the way of releases.",
	},

	"integrity.audit":      {"核对情况", "How the audit stands"},
	"integrity.first":      {"第一遍", "First pass"},
	"integrity.first.done": {"已核对完", "complete"},
	"integrity.first.open": {"尚未核对完", "not complete yet"},
	"integrity.passes":     {"已完成", "Completed"},
	"integrity.times":      {"%d 遍", "%d passes"},
	"integrity.none":       {"还没有", "none yet"},
	"integrity.last":       {"最近始于", "Last began"},
	"integrity.stale":      {"太久以前", "too long ago"},
	"integrity.took":       {"用时", "It took"},
	"integrity.took.short": {"不到 1 秒", "less than 1 s"},

	"integrity.next": {"现在该做什么", "What to do now"},
	"integrity.next.stopped": {
		"不必再关闭什么：本机构已自动停止向其他机构提供记录，警报所指的行也不再显示。",
		"Nothing needs to be switched off: release to other organisations has stopped by itself, and the rows that are " +
			"named are not shown.",
	},
	"integrity.next.call": {
		"立即打电话给%s的系统管理员和数据安全负责人，告诉他们警报的代码和首次发现的时间。",
		"Call the system administrator of %s and whoever answers for data security there at once, and tell them the " +
			"codes and when each was first seen.",
	},
	"integrity.next.keep": {
		"请他们先完整备份数据库的现状作为证据，再查明是谁写入的。不要为了消除警报而删除任何行。",
		"Have them keep a dump of the database as it is now for evidence, then find out who wrote to it. Nothing may be " +
			"deleted to silence an alarm.",
	},
	"integrity.next.mend": {
		"按运行手册（network/runbook.md，“integrity fails”一节）从备份恢复所列的行。",
		"Have the rows put back from a backup by the runbook (network/runbook.md, \"integrity fails\").",
	},
	"integrity.next.over": {
		"修复后，下一遍核对不再发现的警报会自行消失，提供记录随之恢复。",
		"Once mended, an alarm ends by itself with the next pass that does not find it, and release goes on.",
	},
	"integrity.next.unknown": {
		"请稍候，再打开本页：几百万行大约需要一分钟。如果十分钟后仍未完成，请打电话给系统管理员（运行手册 network/runbook.md，“integrity fails”一节）。",
		"Please wait, then open this page again: some million rows take about a minute. If it is not through after ten " +
			"minutes, call the system administrator (runbook network/runbook.md, \"integrity fails\").",
	},
	"integrity.next.stale": {
		"请打电话给系统管理员：数据库可能连接不上，或者有人在阻止核对（运行手册 network/runbook.md，“integrity fails”一节）。",
		"Call the system administrator: the database may be out of reach, or somebody keeps the audit from ending " +
			"(runbook network/runbook.md, \"integrity fails\").",
	},
	"integrity.next.whole": {
		"没有要做的事。有警报时会显示在这里，同时停止向其他机构提供记录。",
		"Nothing. An alarm would stand here, and stop release to other organisations.",
	},

	"integrity.alarms":        {"警报", "Alarms"},
	"integrity.part":          {"显示 %d 条，共 %d 条；全部见", "Showing %d of %d; all of them:"},
	"integrity.since":         {"首次发现", "First seen"},
	"integrity.table":         {"数据表", "Table"},
	"integrity.row":           {"行", "Row"},
	"integrity.empty.unknown": {"还没有结果", "No result yet"},
	"integrity.why.unknown": {
		"没有警报不等于没有问题：第一遍核对完成之前，谁也不知道。",
		"No alarm does not mean that all is well: before the first pass is through nobody knows.",
	},
	"integrity.empty.stale": {"没有新的结果", "No recent result"},
	"integrity.why.stale": {
		"最近一遍没有发现问题，但它已是太久以前，此后的改动没有核对过。",
		"The last pass found nothing, but it is too long ago: what was changed since was not checked.",
	},
	"integrity.empty.whole": {"没有警报", "No alarms"},
	"integrity.why.whole": {
		"最近一遍核对过的每一行都与本机构写入的一致，也没有缺失。",
		"Each row of the last pass is as this organisation wrote it, and none is missing.",
	},

	"integrity.code.unknown": {
		"核对发现了本页还没有说明的问题，请把代码告诉系统管理员。",
		"The audit found something that this page has no words for. Please give the code to the system administrator.",
	},
	"integrity.code.ROW_ALTERED": {
		"这一行不是本机构写入的，或者写入后被改动过。",
		"This organisation did not write the row, or it was changed since.",
	},
	"integrity.code.ROWS_MISSING": {
		"行的合计不对：有行缺失、多出，或换成了旧的。",
		"Rows do not come to their sum: some are missing, added or older.",
	},
	"integrity.code.STATE_OLD": {
		"状态比本机构见过的旧：有内容被退回到从前。",
		"The state is older than one that was seen: something was set back.",
	},
	"integrity.code.KEY_MISSING": {
		"患者的数据还在，解密用的密钥却不见了。",
		"A patient's data are there, and the key that opens them is gone.",
	},
	"integrity.code.LEAF_MISSING": {
		"这一行在本机构的日志中没有对应的条目。",
		"The row has no entry in this organisation's log.",
	},
	"integrity.code.ROW_MISSING": {
		"日志中有条目，数据库中对应的行却不见了。",
		"The log has an entry whose row is gone from the database.",
	},
	"integrity.code.LEAF_ALTERED": {
		"日志的这个位置上不是当初写入的条目。",
		"At this place the log holds another entry than was put there.",
	},
	"integrity.code.TREE_ALTERED": {
		"保存的日志与签过名的树根不符。",
		"The stored log does not make up the tree whose root was signed.",
	},
	"integrity.code.SCHEMA_CHANGED": {
		"数据库的结构被改动过：表、触发器、规则、约束或权限与应有的不同。",
		"The structure of the database was changed: a table, trigger, rule, constraint or grant is not as it should be.",
	},

	"integrity.table.access_heads":      {"患者访问记录的链尾", "Ends of patients' access chains"},
	"integrity.table.access_log":        {"访问记录", "Accesses"},
	"integrity.table.consent_orders":    {"待送账本的授权", "Consents on their way to the ledger"},
	"integrity.table.consent_positions": {"账本授权的读取位置", "How far the ledger's consents were read"},
	"integrity.table.consents":          {"授权", "Consents"},
	"integrity.table.head_anchors":      {"登入日志的合计", "Sums put into the log"},
	"integrity.table.heads":             {"患者与机构的合计", "Sums of patients and of the organisation"},
	"integrity.table.leases":            {"进程的分工", "Which process does what"},
	"integrity.table.log_heads":         {"日志的状态", "State of the log"},
	"integrity.table.log_pending":       {"待编入日志的条目", "Entries that wait for the log"},
	"integrity.table.log_places":        {"条目在日志中的位置", "Places of entries in the log"},
	"integrity.table.log_tiles":         {"日志的内容", "Content of the log"},
	"integrity.table.migration_lock":    {"数据库升级的锁", "Lock of migrations"},
	"integrity.table.patient_keys":      {"患者的密钥", "Patients' keys"},
	"integrity.table.received":          {"从其他机构收到的答复", "Answers received from other organisations"},
	"integrity.table.record_versions":   {"病历的各个版本", "Versions of records"},
	"integrity.table.records":           {"病历", "Records"},
	"integrity.table.release_requests":  {"其他机构请求的编号", "Ids of other organisations' requests"},
	"integrity.table.releases":          {"对外提供的记录", "Releases"},
	"integrity.table.schema":            {"数据库的结构", "Structure of the database"},
	"integrity.table.schema_migrations": {"数据库升级的记录", "Migrations"},
	"integrity.table.search_tokens":     {"检索用的标记", "Search tokens"},
	"integrity.table.session_ends":      {"已退出的登录", "Ended sessions"},
	"integrity.table.sessions":          {"登录", "Sessions"},
}

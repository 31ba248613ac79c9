package auditor

import (
	"maps"

	"yilian.example/gateway/internal/web/site"
)

// texts are the phrases of all of the auditor's pages; a test holds the tables that they come from apart.
var texts = func() site.Texts {
	all := maps.Clone(textAudit)
	maps.Copy(all, textDatabase)
	return all
}()

// textAudit are the words of the logs' page and of the check of a file.
var textAudit = site.Texts{
	"audit.title": {"成员日志", "Members' logs"},
	"audit.lead": {
		"每个成员一本只增不改的日志，由所有成员的账本共同见证。这里对照成员自己公布的和账本上见证的。",
		"Each member keeps one append-only log, and the ledger of all members witnesses it. This page holds what " +
			"each member publishes against what the ledger has.",
	},
	"audit.allwell":              {"%d 个成员的日志都与账本一致。", "The logs of all %d members agree with the ledger."},
	"audit.trouble":              {"有 %d 个成员的日志需要查看。", "Logs that need a look: %d."},
	"audit.at":                   {"数据时间", "As of"},
	"audit.origin":               {"日志名", "Origin"},
	"audit.published":            {"成员公布", "Published"},
	"audit.witnessed":            {"账本见证", "Witnessed"},
	"audit.entries":              {"%d 条", "%d entries"},
	"audit.none":                 {"还没有", "none yet"},
	"audit.lag":                  {"最久未见证", "Oldest unwitnessed"},
	"audit.lag.none":             {"全部已见证", "all witnessed"},
	"audit.pending":              {"待编入", "Pending"},
	"audit.last":                 {"最近见证", "Last witnessed"},
	"audit.root":                 {"树根", "Root"},
	"audit.key":                  {"日志公钥指纹", "Log key fingerprint"},
	"audit.bar":                  {"已见证 %d 条，已公布 %d 条", "%d entries witnessed, %d published"},
	"audit.ok":                   {"一致", "Agrees"},
	"audit.problem.UNREACHABLE":  {"成员的日志地址没有响应", "The member's log address does not answer"},
	"audit.problem.UNREGISTERED": {"账本上没有这本日志的公钥", "The ledger has no key for this log"},
	"audit.problem.DISAGREES": {
		"成员公布的与账本见证的不一致：需要立即调查",
		"What the member publishes contradicts the ledger: investigate at once",
	},
	"audit.problem.UNKNOWN": {
		"账本上有这本日志，但它不是任何成员的日志：其中的内容不能证明任何事",
		"On the ledger, but no member's own log: nothing in it proves anything",
	},
	"audit.problem.BEHIND": {"落后过久", "Too far behind"},
	"audit.explain":        {"想核验整本日志，可在任何电脑上运行：", "To check a whole log yourself, run on any computer:"},

	"evidence.title": {"核验证据文件", "Check an evidence file"},
	"evidence.lead": {
		"上传患者或其他人给您的证据文件，逐步核对。文件不会被保存。",
		"Upload an evidence file that a patient or anybody else gave you, and see each step checked. The file is not kept.",
	},
	"evidence.file":           {"证据文件", "Evidence file"},
	"evidence.hospital":       {"保存记录的机构", "Kept by"},
	"evidence.record":         {"记录", "Record"},
	"evidence.record.unknown": {"未知：文件不能证明它是哪条记录", "not known: the file does not prove which record it is"},
	"evidence.version":        {"第 %d 版", "version %d"},
	"evidence.witnessed":      {"最迟于此时已经存在", "Existed at the latest"},
	"evidence.clock":          {"（北京时间）", "(Beijing time)"},
	"evidence.submit":         {"核验", "Check"},
	"evidence.unreadable":     {"这不是证据文件，或者它已损坏。", "This is not an evidence file, or it is damaged."},
	"evidence.good":           {"核验通过", "It holds"},
	"evidence.good.what": {
		"记录自登记以来没有被改动，登记已由各成员共同见证。",
		"The record has not changed since it was logged, and the log was witnessed by the members.",
	},
	"evidence.bad": {"核验未通过", "It does not hold"},
	"evidence.bad.what": {
		"文件中至少有一步不成立，见下。不能据此相信这条记录。",
		"At least one step fails, see below. The record must not be trusted on the strength of this file.",
	},
	"evidence.steps":     {"逐步核对", "Step by step"},
	"evidence.step.ok":   {"成立", "holds"},
	"evidence.step.bad":  {"不成立", "fails"},
	"evidence.step.skip": {"未进行", "not reached"},
	"evidence.offline": {
		"不想相信本网站？同样的核对可以在自己的电脑上离线进行：",
		"Would rather not trust this site? The same check runs offline on your own computer:",
	},
}

package evidence

// words says what each step proves, or that it failed. The arguments are those that verify.go gives.
var words = map[string]struct{ provenZH, provenEN, failedZH, failedEN string }{
	StepContent: {
		"记录原文（%d 字节）与机构声明的摘要一致：SHA-256 %s",
		"The record's %d bytes are the ones the organisation stated: SHA-256 %s",
		"记录原文与机构声明的摘要不一致：内容被改动过，或不是这份记录",
		"The record's bytes are not the ones the organisation stated",
	},
	StepCommitment: {
		"日志条目所承诺的正是这份声明：机构 %s，%s/%s 第 %d 版",
		"The log entry commits to exactly this statement: organisation %s, %s/%s version %d",
		"声明与日志条目不符：声明、盐值或条目被改动过",
		"The log entry does not commit to this statement",
	},
	StepCheckpoint: {
		"日志 %s 的密钥签署了含 %d 条的检查点，且这正是声明中机构的唯一日志名",
		"The key of log %s signed the checkpoint of %d entries, and that is the name of the stated organisation's one log",
		"检查点没有有效签名，或不是该机构的日志",
		"The checkpoint is not validly signed, or is not of the organisation's log",
	},
	StepInclusion: {
		"该条目在日志中的序号为 %d（共 %d 条），包含证明成立",
		"The entry stands in the log at index %d of %d: the inclusion proof holds",
		"该条目不在检查点所指的日志中",
		"The entry is not in the log of the checkpoint",
	},
	StepEndorsements: {
		"以下成员的节点各自签名作证：%s",
		"The peers of these members signed the attestation, each for itself: %s",
		"没有足够多的成员节点有效签名",
		"Not enough members' peers validly signed the attestation",
	},
	StepWitness: {
		"它们证明：账本 %s 于 %s 见证了这一检查点，并于 %s 确认",
		"They attest that ledger %s witnessed this checkpoint at %s, as of %s",
		"成员所证明的不是这一检查点",
		"What the members attest is not this checkpoint",
	},
	StepTime: {
		"这条日志最迟于 %s 已经存在（账本的时间，已证明）；%s 自称记录于 %s，这是机构自己的说法，与日志中前后的条目和日志登记时间不矛盾",
		"Proven: the entry existed at the latest at %s, by the ledger's time. " +
			"Claimed: %s says that it recorded at %s; its log's registration and the entries around it do not contradict that",
		"机构所称的记录时间与日志不符",
		"The time at which the organisation says that it recorded does not fit its log",
	},
}

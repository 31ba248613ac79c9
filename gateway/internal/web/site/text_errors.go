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
}

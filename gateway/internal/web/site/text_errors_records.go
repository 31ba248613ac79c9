package site

// textErrorsRecords says what is the matter with records that are sent or asked for.
var textErrorsRecords = Texts{
	"error.RECORD_INTEGRITY": {
		"这条记录在数据库里被系统以外的方式改动过，所以不予显示。改动可以从日志中证明。",
		"This record was changed in the database outside this system, so it is not shown. The change is provable " +
			"from the log.",
	},
	"error.RECORD_INTEGRITY.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.ACCESS_LOG_BROKEN": {
		"访问记录在数据库里被系统以外的方式改动或删去过，所以不予显示。改动可以从日志中证明。",
		"The access history was changed in the database outside this system, so it is not shown. The change is provable " +
			"from the log.",
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
	"error.FHIR_INVALID": {"这条资源不符合 FHIR R4 的规则，没有保存。", "The resource breaks rules of FHIR R4. It was not stored."},
	"error.FHIR_INVALID.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.UNKNOWN_RESOURCE": {"FHIR R4 没有这种资源类型。", "FHIR R4 knows no such type of resource."},
	"error.UNKNOWN_RESOURCE.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.TYPE_NOT_KEPT":      {"这里不保存这种类型的资源。", "Resources of this type are not kept here."},
	"error.TYPE_NOT_KEPT.next": {"可保存的类型见 /fhir/metadata。", "Please see /fhir/metadata for the types that are."},
	"error.TYPE_MISMATCH":      {"资源的类型与网址中的类型不同。", "The resource is of another type than the address says."},
	"error.TYPE_MISMATCH.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.ID_MISMATCH": {"资源的编号与网址中的编号不同。", "The resource does not carry the id that the address names."},
	"error.ID_MISMATCH.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.ID": {"编号不符合 FHIR 的规则。", "The id is not of the form that FHIR allows."},
	"error.ID.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.IF_MATCH":      {"If-Match 不是一个版本号。", "If-Match is not a version."},
	"error.IF_MATCH.next": {"请照抄应答头 ETag 的值。", "Please copy the value of the header ETag."},
	"error.PURPOSE":       {"请求头写的使用目的不是 HL7 的代码。", "The purpose of use in the header is not a code of HL7's."},
	"error.PURPOSE.next": {
		"请填写 PurposeOfUse 的一个代码，例如 TREAT。",
		"Please state one code of PurposeOfUse, for example TREAT.",
	},
	"error.NO_PATIENT": {
		"资源没有写明患者，谁也无法决定谁可以查看。",
		"The resource names no patient, so nobody could decide who may read it.",
	},
	"error.NO_PATIENT.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.PATIENT_UNKNOWN": {"资源所指的患者在这里没有登记。", "The patient that the resource refers to is not stored here."},
	"error.PATIENT_UNKNOWN.next": {
		"请先发送患者资源，或放在同一个事务里。",
		"Please send the Patient first, or in the same transaction.",
	},
	"error.PATIENT_CHANGED": {
		"这条资源以前是另一位患者的，不能改给别人。",
		"The resource was about another patient before and cannot be moved.",
	},
	"error.PATIENT_CHANGED.next": {
		"请新建一条，并把原来的标记为录入错误。",
		"Please create a new one, and mark this one as entered in error.",
	},
	"error.PATIENT_IDENTITY_CHANGED": {
		"证件号换成了另一个人的，引用它的病历会变成别人的，所以没有保存。",
		"The identifier is another person's than before, and records that refer to this patient would become theirs. " +
			"It was not stored.",
	},
	"error.PATIENT_IDENTITY_CHANGED.next": {
		"请新建患者，再重新发送属于该患者的病历。",
		"Please create a new Patient, and send the records that are theirs again.",
	},
	"error.IDENTITY_AMBIGUOUS": {
		"患者资源里有两个不同的同类证件号。",
		"The Patient carries two different national identifiers of one kind.",
	},
	"error.IDENTITY_AMBIGUOUS.next": {
		"请把失效的那个标记为 use \"old\"。",
		"Please mark the one that is no longer valid with use \"old\".",
	},
	"error.IDENTITY_MISMATCH": {
		"条件找到的记录属于另一位患者，与发来的不是同一个人，没有保存。",
		"What the condition finds is about another person than what was sent. Nothing was stored.",
	},
	"error.IDENTITY_MISMATCH.next": {
		"病案号可能已重新分配。请核对号码属于谁，再改用编号引用，或去掉条件后发送。",
		"The record number may have been given out again. Please find out whose it is, then refer by id or send without the " +
			"condition.",
	},
	"error.REFERENCE_AMBIGUOUS": {
		"有一处引用既可能指 Bundle 里的条目，也可能指另一条资源，没有保存。",
		"A reference may mean an entry of the bundle as well as another resource. Nothing was stored.",
	},
	"error.REFERENCE_AMBIGUOUS.next": {
		"请给条目使用 urn:uuid 形式的 fullUrl，并按它引用。",
		"Please give the entries fullUrls of the form urn:uuid, and refer to these.",
	},
	"error.RECORD_PATIENT_MISMATCH": {
		"将要保存的内容与归档的患者不一致，没有保存。",
		"What would be stored does not name the patient under whom it would be filed. Nothing was stored.",
	},
	"error.RECORD_PATIENT_MISMATCH.next": {
		"请检查患者引用；如果仍然不行，请把请求编号告诉管理员。",
		"Please check how the patient is referred to; if it happens again, give the request id to your administrator.",
	},
	"error.IDENTIFIER_SYSTEM": {"不能用这种证件号匹配患者。", "Patients are not matched by that kind of identifier."},
	"error.IDENTITY_NUMBER": {
		"这不是一个可能存在的证件号码：可能有一位写错或漏写。", "That is not a number which a person can have: a digit may be wrong or missing.",
	},
	"error.IDENTITY_NUMBER.next": {
		"请与证件逐位核对。号码不详时请留空，不要填写占位数字。",
		"Please compare it with the card, digit by digit. Where no number is known, leave it out: no placeholder.",
	},
	"error.RESOURCE_EXISTS": {"该资源已经存在，没有被覆盖。", "The resource exists already. It was not overwritten."},
	"error.RESOURCE_EXISTS.next": {
		"请先读取现有内容；确要修改时请用 If-Match。", "Please read what is there. To change it on purpose, use If-Match.",
	},
	"error.CONDITION_UNMET": {
		"资源本身不带有条件中的标识，什么也没有保存。", "The resource does not carry the identifier of its own condition. Nothing was stored.",
	},
	"error.CONDITION_UNMET.next": {
		"请让条件与资源中的标识一致后再发送。", "Please make the condition name an identifier of the resource, and send it again.",
	},
	"error.IDENTIFIER_SYSTEM.next": {"请使用居民身份证号。", "Please use the resident identity number."},
	"error.BUNDLE_TYPE": {
		"这里只接受 transaction 和 batch 两种 Bundle。",
		"Only bundles of type transaction and batch are served.",
	},
	"error.BUNDLE_TYPE.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.NO_REQUEST": {"Bundle 里有条目没有写明要做什么。", "An entry of the bundle does not say what is to be done."},
	"error.NO_REQUEST.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.NO_RESOURCE": {"Bundle 里有条目没有资源。", "An entry of the bundle has no resource."},
	"error.NO_RESOURCE.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.INTERACTION": {"Bundle 里只能用 POST 和 PUT。", "Only POST and PUT are served in bundles."},
	"error.INTERACTION.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.ENTRY_REPEATED": {"同一条资源在 Bundle 里出现了两次。", "The same resource stands in the bundle twice."},
	"error.ENTRY_REPEATED.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.TOO_MANY_ENTRIES":      {"Bundle 里的条目太多。", "There are too many entries in the bundle."},
	"error.TOO_MANY_ENTRIES.next": {"请分成几个发送。", "Please send several bundles."},
	"error.BATCH_TOO_LARGE":       {"一次要保存的记录太多。", "One request may not store that many records."},
	"error.BATCH_TOO_LARGE.next":  {"请分成几次发送。", "Please send several requests."},
	"error.CONDITION": {
		"只支持 ifMatch 和 ifNoneExist 两种条件。",
		"Only ifMatch and ifNoneExist are served as conditions.",
	},
	"error.CONDITION.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.CRITERIA": {"条件只能写成 identifier=system|value。", "Only identifier=system|value is served as a condition."},
	"error.CRITERIA.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.CONDITIONAL_REFERENCE": {"条件引用只能用在事务里。", "A conditional reference is allowed in a transaction only."},
	"error.CONDITIONAL_REFERENCE.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.REFERENCE_UNRESOLVED": {"资源里的引用找不到对应的内容。", "A reference in the resource leads to nothing."},
	"error.REFERENCE_UNRESOLVED.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.MULTIPLE_MATCHES": {
		"不止一条资源有这个编号，无法确定是哪一条。",
		"More than one resource carries this identifier, so the condition is ambiguous.",
	},
	"error.MULTIPLE_MATCHES.next": {"请改用资源的编号（id）。", "Please name the resource by its id."},
	"error.VERSION_CONFLICT": {
		"这条记录在此期间有了新的版本，没有覆盖。",
		"The record has a newer version by now. It was not overwritten.",
	},
	"error.VERSION_CONFLICT.next": {"请先读取新版本，再作修改。", "Please read the new version first, then change it."},
	"error.SEARCH": {
		"查找条件不对：请只在正文里写 identifier=system|value。",
		"The search is not served: send identifier=system|value in the body, and nothing else.",
	},
	"error.SEARCH.next":        {"编号不要写进网址。", "Please keep identifiers out of addresses."},
	"error.SEARCH_EMPTY":       {"没有写明要查什么。", "The search does not say what to look for."},
	"error.SEARCH_EMPTY.next":  {"请填写查找条件。", "Please say what to search for."},
	"error.RECORD_EXISTS":      {"同样编号的记录刚刚已经保存。", "A record with that identifier was stored in the meantime."},
	"error.RECORD_EXISTS.next": {"请再发送一次。", "Please send the request again."},
	"error.RECORD_DELETED":     {"这条记录已经删除。", "This record was deleted."},
	"error.RECORD_INVALID": {
		"记录缺少类型、编号或版本，没有保存。",
		"The record lacks a type, an id or a version. It was not stored.",
	},
	"error.RECORD_INVALID.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.RECORD_PATIENT": {
		"记录没有写明是哪位患者的，没有保存。",
		"The record does not say which patient it is about. It was not stored.",
	},
	"error.RECORD_PATIENT.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.RECORD_CONTENT": {
		"记录缺少内容，或者删除却带有内容，没有保存。",
		"The record has no content, or its deletion has some. It was not stored.",
	},
	"error.RECORD_CONTENT.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.RECORD_REPEATED": {"同一条记录在一次请求里出现了两次。", "One request may store a record only once."},
	"error.RECORD_REPEATED.next": {
		"请系统的开发人员按接口说明改正后再发送。",
		"Please have the calling system's developers correct it by the interface description, and send it again.",
	},
	"error.RECORD_PATIENT_CHANGED":      {"记录不能改到另一位患者名下。", "A record cannot be moved to another patient."},
	"error.RECORD_PATIENT_CHANGED.next": {"请删除后用新的编号重新保存。", "Please delete it and store it again under a new id."},
	"error.DECISION_MISMATCH": {
		"允许查看的范围不包括这条记录，所以不予显示。",
		"What was allowed does not cover this record, so it is not shown.",
	},
	"error.DECISION_MISMATCH.next": {
		"请告诉服务台或管理员，并提供请求编号。",
		"Please tell the service desk or your administrator, with the request id.",
	},
	"error.ALREADY_EXISTS":      {"这一项已经存在。", "This entry exists already."},
	"error.ALREADY_EXISTS.next": {"不必重复提交；请返回看一下。", "It need not be sent again; please go back and look."},
	"error.TOO_LARGE":           {"这条记录太大，不能和其他记录一起显示。", "This record is too large to be shown beside others."},
	"error.TOO_LARGE.next":      {"请单独打开这条记录。", "Please open it by itself."},
}

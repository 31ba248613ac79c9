package weigh

import "yilian.example/exchange/fault"

// CodeBusy says that too much is being read at once.
const CodeBusy fault.Code = "BUSY"

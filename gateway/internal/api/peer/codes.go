package peer

import "yilian.example/exchange/fault"

// CodeUnknown is of a connection that shows no member's certificate.
const CodeUnknown fault.Code = "PEER_UNKNOWN"

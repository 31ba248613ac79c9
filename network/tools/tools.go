//go:build tools

// Package tools pins Hyperledger Fabric's programs (release 3.1.1, which the module path can only name by its commit)
// in a module of its own, so that their requirements do not meet those of the gateway. scripts/setup.sh builds them.
package tools

import (
	_ "github.com/hyperledger/fabric/cmd/configtxgen"
	_ "github.com/hyperledger/fabric/cmd/configtxlator"
	_ "github.com/hyperledger/fabric/cmd/cryptogen"
	_ "github.com/hyperledger/fabric/cmd/orderer"
	_ "github.com/hyperledger/fabric/cmd/osnadmin"
	_ "github.com/hyperledger/fabric/cmd/peer"
)

package view

import "embed"

// Components are the templates that pages of several audiences share: a record, a patient's banner, reasons, what is
// missing in a form. site reads them beside the layout.
//
//go:embed components
var Components embed.FS

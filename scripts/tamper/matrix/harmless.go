package matrix

// reason says why a cell need not be noticed, and which test proves it.
type reason struct {
	table, column string    // an empty column: any
	operation     Operation // empty: any
	why           string
	test          string // package directory and test
}

// reasons are the cells that harm nobody. A cell that shows altered content is never among them.
var reasons = []reason{
	{
		table: "consent_orders",
		why:   "a queue: what is to be carried follows from the consents, and the queue is made to say so before each claim",
		test:  "gateway/internal/cockroach TestOrdersFollowFromTheConsents",
	},
	{
		table: "consent_positions", operation: Delete,
		why:  "events of the ledger are noted again from the first, which changes nothing",
		test: "consent TestNoInterleavingRevives",
	},
	{
		table: "consent_positions", operation: Older,
		why:  "events of the ledger are noted again from there, which changes nothing",
		test: "consent TestNoInterleavingRevives",
	},
	{
		table: "release_requests", operation: Delete,
		why: "a request counts for minutes and from its own member's connection only, and what was answered is not " +
			"answered again",
		test: "gateway/internal/cockroach TestReleasesConformance",
	},
	{
		table: "leases", operation: Delete,
		why:  "the leader is fenced, and leads again under a new lease; the log pauses",
		test: "gateway/internal/cockroach TestLogConformance",
	},
	{
		table: "leases", operation: Older,
		why:  "the leader is fenced by holder and epoch, and leads again under a new lease; the log pauses",
		test: "gateway/internal/cockroach TestLogConformance",
	},
	{
		table: "schema_migrations",
		why: "the migrations' own list: a gateway holds the schema itself against what it should be, when it starts and " +
			"in each audit",
		test: "gateway/internal/cockroach TestChangedSchemaIsRefused",
	},
	{
		table: "migration_lock",
		why:   "a row to hold while migrations run, made again by each",
		test:  "gateway/internal/cockroach TestMigrateByFourGatewaysAtOnce",
	},
}

// empty are tables that may hold no row after the journey.
var empty = map[string]string{}

func harmless(c Cell) (reason, bool) {
	for _, r := range reasons {
		if r.table == c.Table && (r.operation == "" || r.operation == c.Operation) &&
			(r.column == "" || r.column == c.Column) {
			return r, true
		}
	}
	return reason{}, false
}

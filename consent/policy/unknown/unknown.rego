# METADATA
# title: Any action that has no rules
package policy.unknown

import data.policy.lib

# METADATA
# description: A refusal, whatever is asked.
# entrypoint: true
decision := lib.refused({"ACTION_UNKNOWN"})

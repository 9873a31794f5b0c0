/* SPDX-License-Identifier: BSD-2-Clause */
/* commands_store - what looks at a store as a whole: `analyze runs`. */
#include "analyze/commands.h"
#include "analyze/runs.h"

int ws_command_runs(const struct ws_invocation *invocation)
{
	struct ws_error err = { 0 };
	int rc = invocation->drop ? ws_runs_drop(invocation, invocation->drop, &err)
				  : ws_runs_print(invocation, stdout, &err);

	if (rc) {
		ws_tell("", err.text);
		return WS_STATUS_FAILED;
	}
	return ws_tell_printed(0);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* whereabouts - see whereabouts.h. */
#include "analyze/whereabouts.h"

#include <string.h>

#include "analyze/key.h"

/* The service of the pod that is called "NAMESPACE/NAME"; "" not known. */
static const char *service_of(const struct ws_owners *owners, const char *pod)
{
	const char *slash = strchr(pod, '/');
	size_t n = slash ? (size_t)(slash - pod) : 0;

	for (uint32_t i = 0; i < owners->n && slash; i++) {
		const struct ws_owner *owner = &owners->at[i];

		if (owner->kind == WS_OWNER_POD && !strcmp(owner->name, slash + 1) && strlen(owner->namespace) == n &&
		    !strncmp(owner->namespace, pod, n))
			return owner->service;
	}
	return "";
}

const char *ws_whereabouts_words(const struct ws_owners *owners, const struct ws_file *file,
				 char text[WS_WHEREABOUTS_MAX])
{
	const char *service = service_of(owners, file->pod);

	snprintf(text, WS_WHEREABOUTS_MAX, "%s%s%s%s%s%s", file->pod, *service ? " (" : "", service,
		 *service ? ")" : "", *file->pod && *file->node ? ", " : "", file->node);
	return text;
}

void ws_whereabouts_print(const struct ws_study *study, const char *prefix, FILE *out)
{
	for (uint32_t i = 0; i < study->catalog.n_files && ws_study_has_names(study); i++) {
		const struct ws_file *file = &study->catalog.file[i];
		char text[WS_WHEREABOUTS_MAX];
		bool is_first = true;

		for (uint32_t k = 0; k < i; k++)
			is_first &= !study->wanted[k] || strcmp(study->catalog.file[k].point, file->point) != 0;
		if (!study->wanted[i] || !is_first || !*ws_whereabouts_words(&study->naming.owners, file, text))
			continue;
		fputs(prefix, out);
		ws_key_put_text(file->point, out);
		fputs(": ", out);
		ws_key_put_text(text, out);
		putc('\n', out);
	}
}

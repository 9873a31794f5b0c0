/* SPDX-License-Identifier: BSD-2-Clause */
/* plan_update - see the header. */
#include "capture/plan/plan_update.h"

#include <dirent.h>
#include <jansson.h>
#include <string.h>

#define UPDATE_PREFIX "update-"

/* Has the update been taken to its end? One that is being taken just now is not read. */
static bool is_complete(const char *dir, const char *name)
{
	char path[PATH_MAX];
	json_t *document;
	bool is_running;

	if ((size_t)snprintf(path, sizeof(path), "%s/%s/snapshot.json", dir, name) >= sizeof(path))
		return false;
	document = json_load_file(path, 0, NULL);
	/* one made by hand need not have the file */
	is_running = document && json_is_string(json_object_get(document, "state")) &&
		     strcmp(json_string_value(json_object_get(document, "state")), "running") == 0;
	json_decref(document);
	return !is_running;
}

bool ws_plan_is_update(const char *name)
{
	const char *digits = name + strlen(UPDATE_PREFIX);

	return strncmp(name, UPDATE_PREFIX, strlen(UPDATE_PREFIX)) == 0 && *digits &&
	       !digits[strspn(digits, "0123456789")];
}

void ws_plan_update_find(const char *dir, char name[NAME_MAX + 1])
{
	DIR *open_dir = opendir(dir);
	const struct dirent *entry;

	name[0] = '\0';
	while (open_dir && (entry = readdir(open_dir))) {
		if (!ws_plan_is_update(entry->d_name))
			continue;
		if (*name && (strlen(entry->d_name) < strlen(name) ||
			      (strlen(entry->d_name) == strlen(name) && strcmp(entry->d_name, name) < 0)))
			continue;
		if (is_complete(dir, entry->d_name))
			strcpy(name, entry->d_name);
	}
	if (open_dir)
		closedir(open_dir);
}

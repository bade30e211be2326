/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.multitask;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import org.lora4j.error.ClosestNames;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;

/** What tasks may be called: names of folders, different from each other on every file system. */
final class TaskNames {

    private TaskNames() {}

    /** Notes whatever is wrong with names of tasks. */
    static void check(Collection<String> names, Problems problems) {
        Map<String, String> seen = new LinkedHashMap<>();
        problems.check(!names.isEmpty(), "no task; expected at least one");
        for (String name : names) {
            if (!isFolder(name)) {
                problems.add("task name " + (name == null ? "null" : "\"" + name + "\"")
                        + " cannot be the name of a folder; expected text without slashes and control characters");
                continue;
            }
            String other = seen.putIfAbsent(name.toLowerCase(Locale.ROOT), name);
            problems.check(
                    other == null,
                    "tasks \"" + other + "\" and \"" + name + "\" clash; expected names that differ in more than case");
        }
    }

    private static boolean isFolder(String name) {
        return name != null
                && !name.isBlank()
                && !name.equals(".")
                && !name.equals("..")
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || Character.isISOControl(c));
    }

    /** Refuses a task that is not there. */
    static IllegalArgumentException unknown(String where, String name, Collection<String> names) {
        return new IllegalArgumentException(where + ": there is no task " + MessageText.name(name)
                + "; expected one of " + Problems.quoted(names) + ClosestNames.hint(String.valueOf(name), names) + ".");
    }
}

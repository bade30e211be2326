/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.util.Collection;
import org.lora4j.error.MessageText;

/**
 * An adapter was asked for what it is not for.
 *
 * @apiNote Status: experimental
 */
public final class WrongTaskException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    private final TaskKind found;

    WrongTaskException(String call, String adapter, TaskKind found, Collection<TaskKind> expected) {
        super("TextServer." + call + ": adapter " + MessageText.name(adapter) + " is for " + found
                + "; expected one for " + MessageText.values(expected) + ". It answers to " + found.calls() + ".");
        this.found = found;
    }

    /**
     * What the adapter is for.
     *
     * @return its kind
     */
    public TaskKind found() {
        return found;
    }
}

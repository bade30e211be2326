/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.tokenizer;

import java.util.Map;
import java.util.function.Function;
import org.lora4j.error.MessageText;

/** Parts of a file that say by {@code type} what they are. */
final class Kinds {

    private Kinds() {}

    /** Makes what a part describes, and refuses kinds and fields that are not known. */
    static <T> T read(Part part, Map<String, Function<Part, T>> kinds) {
        String type = part.type();
        Function<Part, T> kind = kinds.get(type);
        if (kind == null) {
            throw part.refused(
                    "type",
                    "is not supported; supported are "
                            + MessageText.values(
                                    kinds.keySet().stream().sorted().toList()));
        }
        T made = kind.apply(part);
        part.end();
        return made;
    }
}

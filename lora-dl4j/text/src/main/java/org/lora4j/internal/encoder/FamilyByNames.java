/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import java.util.Collection;
import java.util.Optional;

/**
 * Of which family a file is that has names of modules but no {@code model_type}.
 *
 * @apiNote Status: internal
 */
public final class FamilyByNames {

    private FamilyByNames() {}

    /**
     * The family that the names fit better than those of BERT.
     *
     * @param modules paths of modules, perhaps behind a prefix
     * @return the {@code model_type}; empty if no family has more of its parts among them than BERT has
     */
    public static Optional<String> otherThanBert(Collection<String> modules) {
        String best = "bert";
        long most = found("bert", modules);
        for (String type : EncoderFamily.modelTypes()) {
            long found = found(type, modules);
            if (found > most) {
                best = type;
                most = found;
            }
        }
        return best.equals("bert") ? Optional.empty() : Optional.of(best);
    }

    private static long found(String type, Collection<String> modules) {
        EncoderFamily family = EncoderFamily.of(type).orElseThrow();
        return family.parts().stream()
                .map(part -> (part.perLayer() ? family.layers() + "0." : "") + family.name(part, false))
                .filter(path -> modules.stream().anyMatch(module -> module.equals(path) || module.endsWith("." + path)))
                .count();
    }
}

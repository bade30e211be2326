/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.format.huggingface;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What in a {@code tokenizer.json} makes Hugging Face's native library (tokenizers 0.21.4) panic, which ends the process: DJL's
 * binding does not catch panics. Found by changing files at random; none is in a file that the library itself wrote.
 */
final class TokenizerTraps {

    private final List<String> found = new ArrayList<>();
    private int templates;

    private TokenizerTraps() {}

    /** What would end the process, in words; the parts of the file by name, those of its model behind {@code model.}. */
    static List<String> of(Map<String, JsonNode> parts) {
        TokenizerTraps traps = new TokenizerTraps();
        parts.values().forEach(traps::look);
        // A second one gets more pieces than it knows (processors/template.rs).
        traps.check(traps.templates <= 1, "more than one template of special tokens");
        // Cuts the prefix off tokens that may not have it (models/bpe/model.rs).
        JsonNode prefix = parts.get("model.continuing_subword_prefix");
        JsonNode second = parts.get("merges");
        traps.check(
                prefix == null
                        || second == null
                        || !prefix.isTextual()
                        || second.asText().startsWith(prefix.asText()),
                "a merge whose second token lacks the prefix of inner tokens");
        return traps.found;
    }

    private void check(boolean holds, String trap) {
        if (!holds && !found.contains(trap)) {
            found.add(trap);
        }
    }

    /** By its fields, as the library does; what it says to be is not looked at where it is unknown. */
    private void look(JsonNode part) {
        // Cuts behind the end of a token that is shorter (decoders/strip.rs).
        check(part.path("stop").asLong(0) <= 0, "a decoder that strips ends");
        // Looks at the last character of nothing (tokenizer/normalizer.rs).
        check(
                !part.path("prepend").isTextual()
                        || !part.path("prepend").asText().isEmpty(),
                "an empty text to prepend");
        if (part.path("special_tokens").isContainerNode()) {
            templates++;
            templates(part);
        }
        part.forEach(this::look);
    }

    /** Each special token of a template is looked up, and has an id for each token (processors/template.rs). */
    private void templates(JsonNode processor) {
        JsonNode known = processor.path("special_tokens");
        for (String template : List.of("single", "pair")) {
            for (JsonNode piece : processor.path(template)) {
                JsonNode token = piece.path("SpecialToken").path("id");
                check(token.isMissingNode() || known.has(token.asText()), "a template with an unknown special token");
            }
        }
        for (JsonNode token : known) {
            boolean paired = token.path("ids").size() == token.path("tokens").size()
                    && !token.path("ids").isEmpty();
            check(paired, "a special token with more ids or tokens");
        }
    }
}

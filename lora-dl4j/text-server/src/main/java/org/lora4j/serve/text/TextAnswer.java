/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.lora4j.error.Arguments;
import org.lora4j.serve.ServedBy;

/**
 * What came of a request.
 *
 * @param results a result for each input, in their order
 * @param by which adapter made all of them: the one that the request began with
 * @param alias the alias that was asked for; empty if the adapter was named itself
 * @param tokens how many tokens the inputs have, special ones included
 * @param cut how many inputs were cut because they are too long
 * @param waited how long the first of them waited
 * @param computed how long it took from there to the last result
 * @param <T> a result
 * @apiNote Status: experimental
 */
public record TextAnswer<T>(
        List<T> results, ServedBy by, Optional<String> alias, int tokens, int cut, Duration waited, Duration computed) {

    /**
     * Checks that all is there.
     *
     * @param results as in the record
     * @param by as in the record
     * @param alias as in the record
     * @param tokens as in the record
     * @param cut as in the record
     * @param waited as in the record
     * @param computed as in the record
     */
    public TextAnswer {
        results = List.copyOf(Arguments.allRequired(results, "TextAnswer: results", "a result"));
        Arguments.required(by, "TextAnswer: by", "which adapter made it");
        Arguments.required(alias, "TextAnswer: alias", "an alias, or Optional.empty()");
        Arguments.required(waited, "TextAnswer: waited", "a duration");
        Arguments.required(computed, "TextAnswer: computed", "a duration");
    }
}

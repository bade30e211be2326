/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.List;
import org.lora4j.internal.language.sampling.RankedToken;

/**
 * A token that could have come.
 *
 * @param id the token
 * @param logProbability as of {@link Generation#logProbabilities}
 * @apiNote Status: stable
 */
public record TokenProbability(int id, double logProbability) {

    static List<TokenProbability> of(List<RankedToken> ranked) {
        return ranked.stream()
                .map(token -> new TokenProbability(token.id(), token.logProbability()))
                .toList();
    }
}

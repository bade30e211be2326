/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.nio.file.Path;
import java.util.Optional;
import org.lora4j.pretrained.Pooling;

/**
 * How a saved model names its base, and what it takes to read it.
 *
 * @param kind kind of network
 * @param contentHash identifies it
 * @param path where it was when the model was made; empty if it came from memory
 * @param featureVariable of a SameDiff graph, else empty
 * @param pooling of a text encoder
 * @param tokenVocabulary of a text encoder, else 0
 * @param tokenLength of a text encoder, else 0
 * @apiNote Status: stable
 */
public record BaseReference(
        BaseKind kind,
        String contentHash,
        Optional<Path> path,
        String featureVariable,
        Pooling pooling,
        long tokenVocabulary,
        long tokenLength) {

    BaseSettings settings(Path at) {
        return new BaseSettings(at, contentHash, featureVariable, pooling, tokenVocabulary, tokenLength);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.nio.file.Path;
import org.lora4j.pretrained.Pooling;

/**
 * What it takes to read a base network beside its file.
 *
 * @param expectedHash the content hash that it must have; empty for any
 */
record BaseSettings(
        Path path,
        String expectedHash,
        String featureVariable,
        Pooling pooling,
        long tokenVocabulary,
        long tokenLength) {

    BaseSettings withFeatureVariable(String name) {
        return new BaseSettings(path, expectedHash, name, pooling, tokenVocabulary, tokenLength);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.nio.file.Path;
import org.lora4j.pretrained.Pooling;

/** What it takes to read a base network beside its file. */
record BaseSettings(Path path, String featureVariable, Pooling pooling, long tokenVocabulary, long tokenLength) {

    BaseSettings withFeatureVariable(String name) {
        return new BaseSettings(path, name, pooling, tokenVocabulary, tokenLength);
    }
}

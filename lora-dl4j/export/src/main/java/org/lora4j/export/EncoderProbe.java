/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.adapter.StorageType;
import org.lora4j.internal.export.TypedTensors;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.PretrainedEncoder;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.text.TextEncoder;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * Whether an encoder that was written as a directory of Hugging Face answers as the one in memory: it is read as everybody reads it, and
 * both make vectors of texts from a fixed seed. That the tensors have their bits was seen when they were written; this sees that config
 * and names make the same model of them.
 *
 * @param config the shape of the encoder
 * @param tensors its tensors, in the layout of checkpoints
 * @param type how they were written
 * @param tokenizer makes tokens of the texts
 */
record EncoderProbe(EncoderConfig config, Map<String, INDArray> tensors, StorageType type, TextTokenizer tokenizer) {

    private static final long SEED = 20261201;
    private static final int TEXTS = 3;
    private static final int WORDS = 12;

    /** Relative to the largest number: products of the same numbers in another layout differ by so much. */
    private static final double ROUNDING = 1e-4;

    /** The numbers of larger models are not held twice more: their tensors were compared. */
    private static final long MOST_NUMBERS = 200_000_000;

    void requireSame(String where, Path directory) throws IOException {
        if (tensors.values().stream().mapToLong(INDArray::length).sum() > MOST_NUMBERS) {
            return;
        }
        float[][] meant = vectors(EncoderWeights.ofCheckpoint(config, TypedTensors.rounded(tensors, type)));
        float[][] found = vectors(PretrainedEncoder.load(directory).weights());
        double largest = 0;
        double apart = 0;
        boolean same = true;
        for (int i = 0; i < meant.length; i++) {
            same &= meant[i].length == found[i].length;
            for (int j = 0; same && j < meant[i].length; j++) {
                largest = Math.max(largest, Math.abs(meant[i][j]));
                apart = Math.max(apart, Math.abs(meant[i][j] - found[i][j]));
            }
        }
        if (!same || !(apart <= ROUNDING * largest)) {
            throw new IOException(
                    where + ": what was written answers texts otherwise than what is in memory, by " + apart
                            + " of " + largest
                            + "; expected the same. Nothing was written. Please report it with the config.json of the"
                            + " model.");
        }
    }

    private float[][] vectors(EncoderWeights weights) {
        try (TextEncoder encoder = TextEncoder.of(weights, tokenizer, Pooling.MEAN)) {
            return encoder.embed(texts());
        }
    }

    private static List<String> texts() {
        SplittableRandom random = new SplittableRandom(SEED);
        List<String> texts = new ArrayList<>();
        for (int text = 0; text < TEXTS; text++) {
            StringBuilder words = new StringBuilder();
            for (int word = 0; word < WORDS; word++) {
                int letters = random.nextInt(1, 7);
                for (int i = 0; i < letters; i++) {
                    words.append((char) ('a' + random.nextInt(26)));
                }
                words.append(' ');
            }
            texts.add(words.toString());
        }
        return texts;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.Arrays;
import java.util.Map;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.Extremes;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Checks the arrays that the graph of an encoder is fed with. */
final class EncoderInputs {

    private EncoderInputs() {}

    static void requireValid(Map<String, INDArray> placeholders, EncoderConfig config, boolean tokenTypes) {
        Problems problems = new Problems();
        INDArray ids = placeholders.get(EncoderGraph.INPUT_IDS);
        checkIds(EncoderGraph.INPUT_IDS, ids, config.vocabulary(), problems);
        if (ids != null && ids.rank() == 2 && ids.size(1) > config.longestSequence()) {
            problems.add("sequences of " + ids.size(1) + " tokens, expected at most " + config.longestSequence()
                    + "; truncate the texts");
        }
        INDArray mask = placeholders.get(EncoderGraph.ATTENTION_MASK);
        checkSameShape(EncoderGraph.ATTENTION_MASK, mask, ids, problems);
        checkMaskValues(mask, problems);
        if (tokenTypes) {
            INDArray types = placeholders.get(EncoderGraph.TOKEN_TYPE_IDS);
            checkIds(EncoderGraph.TOKEN_TYPE_IDS, types, config.typeVocabulary(), problems);
            checkSameShape(EncoderGraph.TOKEN_TYPE_IDS, types, ids, problems);
        }
        problems.throwIfAny("placeholders");
    }

    private static void checkIds(String name, INDArray ids, int rows, Problems problems) {
        if (ids == null) {
            problems.add(name + " is missing, expected [batch, length] of integers");
            return;
        }
        if (ids.isEmpty() || ids.rank() != 2) {
            problems.add(name + " has shape " + Arrays.toString(ids.shape()) + ", expected [batch, length], not empty");
            return;
        }
        if (!ids.dataType().isIntType()) {
            problems.add(name + " has data type " + ids.dataType() + ", expected integers");
            return;
        }
        Extremes found = Extremes.of(ids);
        long smallest = (long) found.least();
        long largest = (long) found.most();
        if (smallest < 0 || largest >= rows) {
            problems.add(name + " holds " + (smallest < 0 ? smallest : largest) + ", expected ids from 0 to "
                    + (rows - 1) + "; use the tokenizer that belongs to the weights");
        }
    }

    private static void checkSameShape(String name, INDArray array, INDArray ids, Problems problems) {
        if (array == null) {
            problems.add(name + " is missing, expected the shape of " + EncoderGraph.INPUT_IDS);
        } else if (ids != null && !Arrays.equals(array.shape(), ids.shape())) {
            problems.add(name + " has shape " + Arrays.toString(array.shape()) + ", expected that of "
                    + EncoderGraph.INPUT_IDS + ", " + Arrays.toString(ids.shape()));
        }
    }

    private static void checkMaskValues(INDArray mask, Problems problems) {
        if (mask == null || mask.isEmpty()) {
            return;
        }
        for (double value : mask.ravel().toDoubleVector()) {
            if (value != 0 && value != 1) {
                problems.add(EncoderGraph.ATTENTION_MASK + " holds " + value
                        + ", expected 1 to keep a token and 0 to hide it");
                return;
            }
        }
    }
}

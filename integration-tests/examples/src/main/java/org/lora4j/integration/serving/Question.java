/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.serving;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.lora4j.pretrained.EncoderGraph;
import org.lora4j.pretrained.TextExample;
import org.lora4j.pretrained.TextTokenizer;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * One text as a client sends it.
 *
 * @param adapter the adapter that is to answer
 * @param label the right answer
 * @param ids its tokens, padded to one of a few lengths
 * @param tokens how many of them are no padding
 */
record Question(String adapter, int label, int[] ids, int tokens) {

    /** Lengths that are a multiple of this: few enough for texts of one length to meet. */
    private static final int STEP = 16;

    static List<Question> of(String adapter, List<TextExample> texts, TextTokenizer tokenizer) {
        List<Question> questions = new ArrayList<>();
        for (TextExample text : texts) {
            int[] ids = tokenizer.encode(text.text());
            int padded = (ids.length + STEP - 1) / STEP * STEP;
            questions.add(new Question(adapter, text.label(), Arrays.copyOf(ids, padded), ids.length));
        }
        return questions;
    }

    int length() {
        return ids.length;
    }

    /** The arrays of questions of one length. */
    static Map<String, INDArray> inputs(List<Question> questions) {
        int[][] ids = new int[questions.size()][];
        float[][] mask = new float[questions.size()][];
        for (int i = 0; i < ids.length; i++) {
            Question question = questions.get(i);
            ids[i] = question.ids;
            mask[i] = new float[question.length()];
            Arrays.fill(mask[i], 0, question.tokens, 1);
        }
        return Map.of(
                EncoderGraph.INPUT_IDS,
                Nd4j.createFromArray(ids),
                EncoderGraph.ATTENTION_MASK,
                Nd4j.createFromArray(mask));
    }
}

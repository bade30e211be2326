/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.examples.service;

import java.util.List;
import org.lora4j.examples.Requests;
import org.lora4j.text.LabeledText;

/**
 * Requests of one domain.
 *
 * @param name what it is called
 * @param few what there is on the first day; also in {@code train}
 * @param train what is learned from later
 * @param choice what the epoch is chosen by
 * @param judged what the gate judges by
 * @param test what clients ask
 */
record Domain(
        String name,
        List<LabeledText> few,
        List<LabeledText> train,
        List<LabeledText> choice,
        List<LabeledText> judged,
        List<LabeledText> test) {

    /** Of each intent twenty requests to learn from and ten to test; forty and thirty in the long run. */
    static Domain of(Requests requests, String name, boolean full, long seed) {
        int train = full ? 40 : 20;
        return new Domain(
                name,
                requests.texts("train", name, 0, 5, seed),
                requests.texts("train", name, 0, train, seed),
                requests.texts("train", name, train, train + 10, seed),
                requests.texts("val", name, 0, 20, seed),
                requests.texts("test", name, 0, full ? 30 : 10, seed));
    }
}

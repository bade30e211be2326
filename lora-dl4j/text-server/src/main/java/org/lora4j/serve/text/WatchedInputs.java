/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.lora4j.serve.ServedBy;

/** The vectors of the last inputs of a name, and the training texts that they are compared with. No text of a request is kept. */
final class WatchedInputs {

    private final List<String> texts;
    private final int most;
    private final Deque<float[]> window = new ArrayDeque<>();
    private ServedBy by;
    private float[][] reference;

    WatchedInputs(List<String> texts, int most) {
        this.texts = List.copyOf(texts);
        this.most = most;
    }

    List<String> texts() {
        return texts;
    }

    /** Takes the vector of an input; those of another adapter, or of another generation, are not comparable and go. */
    synchronized void add(ServedBy made, float[] vector) {
        if (!made.equals(by)) {
            by = made;
            reference = null;
            window.clear();
        }
        window.add(vector.clone());
        if (window.size() > most) {
            window.remove();
        }
    }

    /** Whether there are vectors of training texts by an adapter. */
    synchronized boolean hasReference(ServedBy made) {
        return made.equals(by) && reference != null;
    }

    synchronized void reference(ServedBy made, List<float[]> vectors) {
        if (!made.equals(by)) {
            by = made;
            window.clear();
        }
        reference = vectors.toArray(float[][]::new);
    }

    synchronized DriftWindow window() {
        return new DriftWindow(by, reference.clone(), window.toArray(float[][]::new));
    }
}

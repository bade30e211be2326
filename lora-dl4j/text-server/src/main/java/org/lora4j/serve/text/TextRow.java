/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import org.lora4j.pretrained.TokenizedText;

/** One row of tokens of a job. Its place in the queue is guarded by the queue. */
final class TextRow {

    private enum Place {
        WAITING,
        TAKEN,
        GONE
    }

    private final TextJob<?> job;
    private final int index;
    private final TokenizedText tokens;
    private long arrival;
    private Place place = Place.WAITING;

    TextRow(TextJob<?> job, int index, TokenizedText tokens) {
        this.job = job;
        this.index = index;
        this.tokens = tokens;
    }

    TextJob<?> job() {
        return job;
    }

    TokenizedText tokens() {
        return tokens;
    }

    int length() {
        return tokens.length();
    }

    /** What the encoder gave: the vector of the text, or those of its tokens if its job asks for these. */
    void answer(float[] numbers) {
        job.answer(index, numbers);
    }

    void arrived(long order) {
        arrival = order;
    }

    long arrival() {
        return arrival;
    }

    void take() {
        place = Place.TAKEN;
    }

    boolean isGone() {
        return place == Place.GONE;
    }

    /** Leaves the queue; says whether it was still in it. */
    boolean forget() {
        boolean waited = place == Place.WAITING;
        if (waited) {
            place = Place.GONE;
        }
        return waited;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.image;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.lora4j.internal.text.EncodedInputs;
import org.lora4j.pretrained.TokenizedText;

/**
 * Images that a fit or a prediction works with, by numbers that stand for them among tokens: what trains tasks knows rows of tokens,
 * and an image is a row of as many as it has places, of which the first is its number. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class ImageShelf {

    private final Map<Integer, Shelved> images = new ConcurrentHashMap<>();
    private final AtomicInteger next = new AtomicInteger();
    private final int places;

    /**
     * An image.
     *
     * @param framed as the model sees it where nothing is drawn
     * @param whole what random changes are made of; the same where there are none
     */
    record Shelved(Pixels framed, Pixels whole) {}

    /** An empty shelf for a model with so many places. */
    ImageShelf(int places) {
        this.places = places;
    }

    /** Some images on the shelf, until they are closed. */
    public final class Row implements EncodedInputs {

        private final List<TokenizedText> tokens = new ArrayList<>();

        private Row() {}

        void put(Pixels framed, Pixels whole) {
            int number = next.getAndIncrement();
            images.put(number, new Shelved(framed, whole));
            int[] ids = new int[places];
            ids[0] = number;
            tokens.add(new TokenizedText(ids, new int[places], new int[places], false));
        }

        @Override
        public List<TokenizedText> tokens() {
            return List.copyOf(tokens);
        }

        @Override
        public void close() {
            tokens.forEach(text -> images.remove(text.ids()[0]));
        }
    }

    /** A row without images. */
    Row row() {
        return new Row();
    }

    /** The image of a row of tokens. */
    Shelved image(TokenizedText tokens) {
        return images.get(tokens.ids()[0]);
    }

    /** What tells an image from others of this shelf. */
    static int number(TokenizedText tokens) {
        return tokens.ids()[0];
    }
}

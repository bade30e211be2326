/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.export;

import org.lora4j.error.Arguments;

/** What writes a directory with a card. {@code B} is the export itself. */
abstract class CardedExport<B extends CardedExport<B>> {

    ModelCard card = ModelCard.EMPTY;

    @SuppressWarnings("unchecked")
    final B self() {
        return (B) this;
    }

    /**
     * Says what the model or the adapter was made of.
     *
     * @param card the card
     * @return this builder
     */
    public B card(ModelCard card) {
        this.card = Arguments.required(card, getClass().getSimpleName() + ".card: card", "one");
        return self();
    }
}

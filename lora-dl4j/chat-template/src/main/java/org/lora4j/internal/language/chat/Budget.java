/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

/** What one rendering may still do. Everything that takes time or memory is paid for before it is done. */
final class Budget {

    /** What an evaluation costs; a character that is made costs 1. */
    static final int STEP = 16;

    /** What an element of a list or dictionary costs, or a character that becomes a text of its own. */
    static final int ELEMENT = 8;

    /** So many characters cost 1 where they are only compared or counted. */
    static final int READ = 4;

    /** How deep calls, blocks, brackets and values may be nested; their frames fit in the stack of any thread. */
    static final int DEEPEST = 200;

    private final long work;
    private final long characters;
    private long spent;
    private int depth;

    Budget(long work, long characters) {
        this.work = work;
        this.characters = characters;
    }

    void spend(long cost) {
        // Not by the sum, which may overflow.
        if (cost > work - spent) {
            spent = work;
            throw TemplateFailure.limit("it has not come to its end after " + work + " units of work");
        }
        spent += cost;
    }

    /** What was spent so far. */
    long spent() {
        return spent;
    }

    void checkOutput(long length) {
        if (length > characters) {
            throw TemplateFailure.limit("it makes more than " + characters + " characters");
        }
    }

    void enter() {
        if (++depth > DEEPEST) {
            throw tooDeep();
        }
    }

    void leave() {
        depth--;
    }

    static TemplateFailure tooDeep() {
        return TemplateFailure.limit("calls, blocks, brackets or values are nested deeper than " + DEEPEST);
    }
}

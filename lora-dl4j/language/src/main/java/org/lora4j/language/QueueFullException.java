/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.util.concurrent.RejectedExecutionException;

/**
 * A server has as many requests as it takes. Nothing is wrong with the one that was refused: it may come again later.
 *
 * @apiNote Status: stable
 */
public final class QueueFullException extends RejectedExecutionException {

    private static final long serialVersionUID = 1L;

    private final int texts;
    private final int most;

    QueueFullException(int wanted, int texts, int most) {
        super("CausalLmServer: the queue is full: " + texts + " texts run or wait, expected at most " + most
                + " with the " + wanted + " of this request. Ask again when some are done, or raise queue(...).");
        this.texts = texts;
        this.most = most;
    }

    /**
     * What the server had to do.
     *
     * @return texts that ran or waited
     */
    public int texts() {
        return texts;
    }

    /**
     * What the server takes.
     *
     * @return texts that may run and wait
     */
    public int most() {
        return most;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;

/**
 * As many texts wait as a server lets wait. Nothing is wrong with the request that was refused: it may come again later.
 *
 * @apiNote Status: experimental
 */
public final class ServerBusyException extends RejectedExecutionException {

    private static final long serialVersionUID = 1L;

    private final Duration retryAfter;

    ServerBusyException(int wanted, int waiting, int most, Duration retryAfter) {
        super("TextServer: " + waiting + " texts wait; expected at most " + most + " with the " + wanted
                + " of this request. Ask again in " + retryAfter.toSeconds()
                + " s, with fewer texts, or raise waiting of the limits.");
        this.retryAfter = retryAfter;
    }

    /**
     * When what waits now is likely to be done.
     *
     * @return a second or more
     */
    public Duration retryAfter() {
        return retryAfter;
    }
}

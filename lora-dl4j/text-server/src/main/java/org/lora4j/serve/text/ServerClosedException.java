/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.serve.text;

/**
 * A server takes no more requests: it is closed, or about to be.
 *
 * @apiNote Status: experimental
 */
public final class ServerClosedException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    ServerClosedException() {
        super(
                "TextServer: it is closed or about to be; expected requests and changes before drain and close. Ask another"
                        + " server, or build one.");
    }
}

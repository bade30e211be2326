/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.http;

import java.util.List;

/**
 * What one protocol offers.
 *
 * @apiNote Status: internal
 */
public interface Endpoints {

    /** The routes; no two of a server have the same method and path. */
    List<HttpRoute> routes();
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.base;

import java.io.IOException;
import java.util.List;
import org.lora4j.tribuo.input.InputSpec;

/** What the kinds of base networks have in common. */
interface Body {

    /** The kind, also in files. */
    BaseKind kind();

    /** What it eats. */
    List<InputSpec> inputs();

    /** Paths of the modules that can be adapted. */
    List<String> modules();

    /** SHA-256 of structure and values; times and training counters do not matter. */
    String contentHash();

    /** Number of values. */
    long parameterCount();

    /** The network, as {@link BaseKind#restore} reads it. */
    byte[] toBytes() throws IOException;

    /** With a new head, whose values are to be set. */
    AdaptedBase withHead(HeadShape head);

    /** With the head that the network came with, in which only adapters learn. */
    AdaptedBase withOwnHead(HeadShape head);
}

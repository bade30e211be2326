/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

/**
 * The class path has parts of two releases of ND4J or Deeplearning4j, of which Java would take some classes from each.
 *
 * @apiNote Status: experimental
 */
public class MixedClassPathException extends IllegalStateException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message the jars or versions, and which to remove
     */
    public MixedClassPathException(String message) {
        super(MessageText.bounded(message));
    }
}

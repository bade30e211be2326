/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.error;

/**
 * A selector of modules, or one of its entries, matches no module of the model.
 *
 * @apiNote Status: stable
 */
public class NoMatchingModuleException extends IllegalArgumentException {

    private static final long serialVersionUID = 1L;

    /**
     * Creates the exception.
     *
     * @param message the entries without a match, the closest names and how to list the modules
     */
    public NoMatchingModuleException(String message) {
        super(MessageText.bounded(message));
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What an adapter changed, and why a model says what it says: per module the size and spectrum of the update, intruder dimensions, and
 * how much of the accuracy it carries; per prediction the tokens or features and the training examples that it rests on. Nothing here changes a model.
 *
 * @apiNote Status: experimental
 */
package org.lora4j.interpret;

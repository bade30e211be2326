/* SPDX-License-Identifier: Apache-2.0 */
/**
 * The ways in which a SameDiff graph spells a module, one class each, in one table
 * ({@link org.lora4j.internal.samediff.form.SiteForms}).
 *
 * <p>A form recognizes an op or says why it cannot be adapted, knows how the weight lies ({@link
 * org.lora4j.internal.samediff.form.Layout}) and emits another weight of the same kind in its place. Methods of
 * adaptation see a site only through {@link org.lora4j.internal.samediff.form.SiteGraph}.
 */
package org.lora4j.internal.samediff.form;

/** testkit. */
package io.github.promferry.testkit;
